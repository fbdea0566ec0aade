/* Definitions that lwIP needs for compiler and board. */
#include <stdlib.h>

#define LWIP_NO_UNISTD_H 1
#define BYTE_ORDER LITTLE_ENDIAN
#define LWIP_RAND() board_random()
#define LWIP_PLATFORM_DIAG(message) ((void)0)
#define LWIP_PLATFORM_ASSERT(message) abort()

unsigned board_random(void);
