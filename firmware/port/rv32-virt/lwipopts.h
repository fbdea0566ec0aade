/*
 * lwIP without an operating system: UDP and TCP over IPv4 and IPv6, and DNS. Small pools, because a device has one or
 * two sockets and one stream.
 */
#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0
#define LWIP_TCP 1
#define MEMP_NUM_TCP_PCB 2
#define MEMP_NUM_TCP_PCB_LISTEN 1
#define TCP_MSS 536
#define TCP_WND (4 * TCP_MSS)
#define TCP_SND_BUF (2 * TCP_MSS)
#define TCP_QUEUE_OOSEQ 0
#define LWIP_DHCP 0
#define LWIP_DNS 1
#define DNS_TABLE_SIZE 1
#define LWIP_ICMP 1
#define LWIP_RAW 0
#define LWIP_STATS 0
#define MEM_ALIGNMENT 4
#define MEM_SIZE (8 * 1024)
#define PBUF_POOL_SIZE 8
#define PBUF_POOL_BUFSIZE 1536
#define MEMP_NUM_UDP_PCB 5
#define ETH_PAD_SIZE 0
#define LWIP_IPV6 1
#define LWIP_IPV6_MLD 0
#define LWIP_IPV6_FRAG 0
#define LWIP_IPV6_REASS 0
#define LWIP_IPV6_AUTOCONFIG 0
#define LWIP_IPV6_SEND_ROUTER_SOLICIT 0
#define LWIP_IPV6_SCOPES 0
#define LWIP_ND6_NUM_NEIGHBORS 4
#define LWIP_ND6_NUM_DESTINATIONS 4
#define LWIP_ND6_NUM_PREFIXES 1
#define LWIP_ND6_NUM_ROUTERS 1
#define IP_REASSEMBLY 0
#define IP_FRAG 0
#define LWIP_PROVIDE_ERRNO 0
