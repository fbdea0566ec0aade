/* Builtin objects and strings by the numbers that images use, and the machine's native functions. */
#ifndef MOTE_BUILTINS_H
#define MOTE_BUILTINS_H

#include "mote_vm.h"

#include <stdint.h>

enum builtin_object {
    OBJECT_Math,
    OBJECT_Object,
    OBJECT_Object_prototype,
    OBJECT_Array,
    OBJECT_Array_prototype,
    OBJECT_Buffer,
    OBJECT_Buffer_prototype,
    OBJECT_String,
    OBJECT_String_prototype,
    OBJECT_Number,
    OBJECT_Number_prototype,
    OBJECT_DsFiber,
    OBJECT_DsFiber_prototype,
    OBJECT_DsRole,
    OBJECT_DsRole_prototype,
    OBJECT_Function,
    OBJECT_Function_prototype,
    OBJECT_Boolean,
    OBJECT_Boolean_prototype,
    OBJECT_DsPacket,
    OBJECT_DsPacket_prototype,
    OBJECT_DeviceScript,
    OBJECT_DsPacketInfo_prototype,
    OBJECT_DsRegister_prototype,
    OBJECT_DsCommand_prototype,
    OBJECT_DsEvent_prototype,
    OBJECT_DsReport_prototype,
    OBJECT_Error,
    OBJECT_Error_prototype,
    OBJECT_TypeError,
    OBJECT_TypeError_prototype,
    OBJECT_RangeError,
    OBJECT_RangeError_prototype,
    OBJECT_SyntaxError,
    OBJECT_SyntaxError_prototype,
    OBJECT_JSON,
    OBJECT_DsServiceSpec,
    OBJECT_DsServiceSpec_prototype,
    OBJECT_DsPacketSpec,
    OBJECT_DsPacketSpec_prototype,
    OBJECT_Image,
    OBJECT_Image_prototype,
    OBJECT_GPIO,
    OBJECT_GPIO_prototype,
    NUM_BUILTIN_OBJECTS
};

/* The builtin strings that the machine itself names. */
enum builtin_string {
    S_EMPTY = 0,
    S_MINUS_INFINITY = 1,
    S_E = 3,
    S_Infinity = 4,
    S_LN10 = 5,
    S_LN2 = 6,
    S_LOG10E = 7,
    S_LOG2E = 8,
    S_NaN = 9,
    S_PI = 10,
    S_SQRT1_2 = 11,
    S_SQRT2 = 12,
    S_abs = 13,
    S_alloc = 14,
    S_array = 15,
    S_blitAt = 16,
    S_boolean = 17,
    S_buffer = 18,
    S_ceil = 20,
    S_charCodeAt = 21,
    S_false = 24,
    S_fillAt = 25,
    S_floor = 26,
    S_function = 28,
    S_idiv = 30,
    S_imul = 31,
    S_join = 33,
    S_length = 34,
    S_log = 35,
    S_map = 38,
    S_max = 39,
    S_min = 40,
    S_null = 42,
    S_number = 43,
    S__panic = 48,
    S_pow = 50,
    S_prototype = 52,
    S_push = 53,
    S_random = 54,
    S_randomInt = 55,
    S_restart = 57,
    S_round = 58,
    S_slice = 63,
    S_string = 66,
    S_toString = 68,
    S_true = 69,
    S_undefined = 70,
    S_sleep = 74,
    S_imod = 75,
    S_format = 76,
    S_insert = 77,
    S_start = 78,
    S_charAt = 81,
    S_object = 82,
    S_parseInt = 83,
    S_parseFloat = 84,
    S_assign = 85,
    S_keys = 86,
    S_values = 87,
    S___func__ = 88,
    S_deviceIdentifier = 90,
    S_name = 99,
    S_isArray = 108,
    S_pushRange = 111,
    S___stack__ = 113,
    S_Error = 114,
    S_TypeError = 115,
    S_RangeError = 116,
    S_message = 118,
    S_setPrototypeOf = 121,
    S_constructor = 123,
    S__logRepr = 125,
    S_print = 126,
    S_SyntaxError = 132,
    S_parse = 134,
    S_stringify = 135,
    S__dcfgString = 136,
    S_suspend = 140,
    S_resume = 141,
    S_terminate = 142,
    S_self = 143,
    S_id = 145,
    S_millis = 148,
    S_from = 149,
    S_hex = 150,
    S_utf8 = 151,
    S_UTF_8 = 152,
    S_suspended = 153,
    S_reboot = 154,
    S__serverSend = 165,
    S_notImplemented = 166,
    S_delay = 167,
    S_fromCharCode = 168,
    S__allocRole = 169,
    S__socketOpen = 172,
    S__socketClose = 173,
    S__socketWrite = 174,
    S__socketOnEvent = 175,
    S_toUpperCase = 180,
    S_toLowerCase = 181,
    S_indexOf = 182,
    S_byteLength = 183,
    S__i2cTransaction = 205,
    S__twinMessage = 206,
    S_gpio = 208,
    S_mode = 210,
    S_capabilities = 211,
    S_value = 212,
    S_setMode = 213,
    S_fillRandom = 214,
    S_encrypt = 215,
    S_digest = 217,
    S_rotate = 219,
    NUM_BUILTIN_STRINGS = 226
};

extern const char *const mote_builtin_strings[NUM_BUILTIN_STRINGS];

enum native_kind {
    NATIVE_FUNCTION,
    NATIVE_METHOD,
    NATIVE_PROPERTY, /* an accessor: runs when the field is read */
    NATIVE_CTOR
};

/** Natives that look at the number of arguments given. */
#define VARIADIC 0

typedef struct {
    uint8_t object; /* enum builtin_object */
    uint8_t name;   /* enum builtin_string */
    uint8_t kind;   /* enum native_kind */
    uint8_t num_args;
    mote_native call;
} native_entry;

/* One table per theme, each ended by an entry without call; natives.c lists the tables. */
extern const native_entry mote_array_natives[], mote_buffer_natives[], mote_string_natives[], mote_math_natives[],
    mote_object_natives[], mote_error_natives[], mote_json_natives[], mote_fiber_natives[], mote_device_natives[],
    mote_pin_natives[];

/** Bytes of one well-formed UTF-8 sequence (1 to 4) at the start of `text`, or 0. */
uint32_t mote_utf8_valid(const uint8_t *text, uint32_t length);

#endif
