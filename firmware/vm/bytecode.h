/* Numbers of the bytecode. Written by `npm run abi` from firmware/abi/abi.json. */
#ifndef MOTE_BYTECODE_H
#define MOTE_BYTECODE_H

enum tag { TAG_CONSTANT, TAG_FUNCTION, TAG_STRING, TAG_IMAGE_BUFFER, TAG_BUILTIN, TAG_NATIVE };

enum immediate_kind {
    IMM_NONE,
    IMM_JUMP,
    IMM_LOCAL,
    IMM_GLOBAL,
    IMM_FUNCTION,
    IMM_BUILTIN_STRING,
    IMM_ASCII,
    IMM_UTF8,
    IMM_BUFFER,
    IMM_FLOAT,
    IMM_BUILTIN_OBJECT,
    IMM_SPEC,
    IMM_INT,
    IMM_SLOT
};

/* X(number, name, kind, operands, immediate) */
#define MOTE_OPS(X)                                                                                                    \
    X(1, BUILTIN_OBJECT, EXPR, 0, IMM_BUILTIN_OBJECT)                                                                  \
    X(2, CALL0, STMT, 1, IMM_NONE)                                                                                     \
    X(3, CALL1, STMT, 2, IMM_NONE)                                                                                     \
    X(4, CALL2, STMT, 3, IMM_NONE)                                                                                     \
    X(5, CALL3, STMT, 4, IMM_NONE)                                                                                     \
    X(6, CALL4, STMT, 5, IMM_NONE)                                                                                     \
    X(7, CALL5, STMT, 6, IMM_NONE)                                                                                     \
    X(8, CALL6, STMT, 7, IMM_NONE)                                                                                     \
    X(9, CALL7, STMT, 8, IMM_NONE)                                                                                     \
    X(10, CALL8, STMT, 9, IMM_NONE)                                                                                    \
    X(11, INDEX_DELETE, STMT, 2, IMM_NONE)                                                                             \
    X(12, RETURN, FINAL, 1, IMM_NONE)                                                                                  \
    X(13, JMP, FINAL, 0, IMM_JUMP)                                                                                     \
    X(14, JMP_Z, STMT, 1, IMM_JUMP)                                                                                    \
    X(15, BIND, EXPR, 2, IMM_NONE)                                                                                     \
    X(16, OBJECT_FIELD, EXPR, 0, IMM_BUILTIN_STRING)                                                                   \
    X(17, STORE_LOCAL, STMT, 1, IMM_LOCAL)                                                                             \
    X(18, STORE_GLOBAL, STMT, 1, IMM_GLOBAL)                                                                           \
    X(19, STORE_BUFFER, STMT, 4, IMM_NONE)                                                                             \
    X(20, INF, EXPR, 0, IMM_NONE)                                                                                      \
    X(21, LOAD_LOCAL, EXPR, 0, IMM_LOCAL)                                                                              \
    X(22, LOAD_GLOBAL, EXPR, 0, IMM_GLOBAL)                                                                            \
    X(23, UPLUS, EXPR, 1, IMM_NONE)                                                                                    \
    X(24, INDEX, EXPR, 2, IMM_NONE)                                                                                    \
    X(25, INDEX_SET, STMT, 3, IMM_NONE)                                                                                \
    X(26, BUILTIN_FIELD, EXPR, 1, IMM_BUILTIN_STRING)                                                                  \
    X(27, ASCII_FIELD, EXPR, 1, IMM_ASCII)                                                                             \
    X(28, UTF8_FIELD, EXPR, 1, IMM_UTF8)                                                                               \
    X(29, MATH_FIELD, EXPR, 0, IMM_BUILTIN_STRING)                                                                     \
    X(30, DS_FIELD, EXPR, 0, IMM_BUILTIN_STRING)                                                                       \
    X(31, ALLOC_MAP, STMT, 0, IMM_NONE)                                                                                \
    X(32, ALLOC_ARRAY, STMT, 1, IMM_NONE)                                                                              \
    X(33, ALLOC_BUFFER, STMT, 1, IMM_NONE)                                                                             \
    X(34, STATIC_SPEC_PROTO, EXPR, 0, IMM_SPEC)                                                                        \
    X(35, STATIC_BUFFER, EXPR, 0, IMM_BUFFER)                                                                          \
    X(36, STATIC_BUILTIN_STRING, EXPR, 0, IMM_BUILTIN_STRING)                                                          \
    X(37, STATIC_ASCII_STRING, EXPR, 0, IMM_ASCII)                                                                     \
    X(38, STATIC_UTF8_STRING, EXPR, 0, IMM_UTF8)                                                                       \
    X(39, STATIC_FUNCTION, EXPR, 0, IMM_FUNCTION)                                                                      \
    X(40, LITERAL, EXPR, 0, IMM_INT)                                                                                   \
    X(41, LITERAL_F64, EXPR, 0, IMM_FLOAT)                                                                             \
    X(43, LOAD_BUFFER, EXPR, 3, IMM_NONE)                                                                              \
    X(44, RET_VAL, EXPR, 0, IMM_NONE)                                                                                  \
    X(45, TYPEOF, EXPR, 1, IMM_NONE)                                                                                   \
    X(46, UNDEFINED, EXPR, 0, IMM_NONE)                                                                                \
    X(47, IS_UNDEFINED, EXPR, 1, IMM_NONE)                                                                             \
    X(48, TRUE, EXPR, 0, IMM_NONE)                                                                                     \
    X(49, FALSE, EXPR, 0, IMM_NONE)                                                                                    \
    X(50, TO_BOOL, EXPR, 1, IMM_NONE)                                                                                  \
    X(51, NAN, EXPR, 0, IMM_NONE)                                                                                      \
    X(52, ABS, EXPR, 1, IMM_NONE)                                                                                      \
    X(53, BIT_NOT, EXPR, 1, IMM_NONE)                                                                                  \
    X(54, IS_NAN, EXPR, 1, IMM_NONE)                                                                                   \
    X(55, NEG, EXPR, 1, IMM_NONE)                                                                                      \
    X(56, NOT, EXPR, 1, IMM_NONE)                                                                                      \
    X(57, TO_INT, EXPR, 1, IMM_NONE)                                                                                   \
    X(58, ADD, EXPR, 2, IMM_NONE)                                                                                      \
    X(59, SUB, EXPR, 2, IMM_NONE)                                                                                      \
    X(60, MUL, EXPR, 2, IMM_NONE)                                                                                      \
    X(61, DIV, EXPR, 2, IMM_NONE)                                                                                      \
    X(62, BIT_AND, EXPR, 2, IMM_NONE)                                                                                  \
    X(63, BIT_OR, EXPR, 2, IMM_NONE)                                                                                   \
    X(64, BIT_XOR, EXPR, 2, IMM_NONE)                                                                                  \
    X(65, SHIFT_LEFT, EXPR, 2, IMM_NONE)                                                                               \
    X(66, SHIFT_RIGHT, EXPR, 2, IMM_NONE)                                                                              \
    X(67, SHIFT_RIGHT_UNSIGNED, EXPR, 2, IMM_NONE)                                                                     \
    X(68, EQ, EXPR, 2, IMM_NONE)                                                                                       \
    X(69, LE, EXPR, 2, IMM_NONE)                                                                                       \
    X(70, LT, EXPR, 2, IMM_NONE)                                                                                       \
    X(71, NE, EXPR, 2, IMM_NONE)                                                                                       \
    X(72, IS_NULLISH, EXPR, 1, IMM_NONE)                                                                               \
    X(73, STORE_CLOSURE, STMT, 2, IMM_SLOT)                                                                            \
    X(74, LOAD_CLOSURE, EXPR, 1, IMM_SLOT)                                                                             \
    X(75, MAKE_CLOSURE, EXPR, 0, IMM_FUNCTION)                                                                         \
    X(76, TYPEOF_STR, EXPR, 1, IMM_NONE)                                                                               \
    X(78, JMP_RET_VAL_Z, STMT, 0, IMM_JUMP)                                                                            \
    X(79, CALL_ARRAY, STMT, 2, IMM_NONE)                                                                               \
    X(80, TRY, STMT, 0, IMM_JUMP)                                                                                      \
    X(81, END_TRY, FINAL, 0, IMM_JUMP)                                                                                 \
    X(82, CATCH, STMT, 0, IMM_NONE)                                                                                    \
    X(83, FINALLY, STMT, 0, IMM_NONE)                                                                                  \
    X(84, THROW, FINAL, 1, IMM_NONE)                                                                                   \
    X(85, RE_THROW, STMT, 1, IMM_NONE)                                                                                 \
    X(86, THROW_JMP, FINAL, 1, IMM_JUMP)                                                                               \
    X(87, DEBUGGER, STMT, 0, IMM_NONE)                                                                                 \
    X(88, NEW, EXPR, 1, IMM_NONE)                                                                                      \
    X(89, INSTANCE_OF, EXPR, 2, IMM_NONE)                                                                              \
    X(90, NULL, EXPR, 0, IMM_NONE)                                                                                     \
    X(91, APPROX_EQ, EXPR, 2, IMM_NONE)                                                                                \
    X(92, APPROX_NE, EXPR, 2, IMM_NONE)                                                                                \
    X(93, STORE_RET_VAL, STMT, 1, IMM_NONE)                                                                            \
    X(94, STATIC_SPEC, EXPR, 0, IMM_SPEC)

enum {
    FIRST_SMALL_INT = 128, /* opcodes from here on push a small integer themselves: the byte less SMALL_INT_ZERO */
    SMALL_INT_ZERO = 144,  /* the opcode that pushes 0 */
    FIRST_MULTIBYTE = 248, /* immediates from here on say how many bytes follow */
    MAX_STACK = 16,        /* operands that may wait at once */
    OP_END = 95
};

/* X(name), by number */
#define MOTE_BUILTIN_OBJECTS(X)                                                                                        \
    X(Math)                                                                                                            \
    X(Object)                                                                                                          \
    X(Object_prototype)                                                                                                \
    X(Array)                                                                                                           \
    X(Array_prototype)                                                                                                 \
    X(Buffer)                                                                                                          \
    X(Buffer_prototype)                                                                                                \
    X(String)                                                                                                          \
    X(String_prototype)                                                                                                \
    X(Number)                                                                                                          \
    X(Number_prototype)                                                                                                \
    X(DsFiber)                                                                                                         \
    X(DsFiber_prototype)                                                                                               \
    X(DsRole)                                                                                                          \
    X(DsRole_prototype)                                                                                                \
    X(Function)                                                                                                        \
    X(Function_prototype)                                                                                              \
    X(Boolean)                                                                                                         \
    X(Boolean_prototype)                                                                                               \
    X(DsPacket)                                                                                                        \
    X(DsPacket_prototype)                                                                                              \
    X(DeviceScript)                                                                                                    \
    X(DsPacketInfo_prototype)                                                                                          \
    X(DsRegister_prototype)                                                                                            \
    X(DsCommand_prototype)                                                                                             \
    X(DsEvent_prototype)                                                                                               \
    X(DsReport_prototype)                                                                                              \
    X(Error)                                                                                                           \
    X(Error_prototype)                                                                                                 \
    X(TypeError)                                                                                                       \
    X(TypeError_prototype)                                                                                             \
    X(RangeError)                                                                                                      \
    X(RangeError_prototype)                                                                                            \
    X(SyntaxError)                                                                                                     \
    X(SyntaxError_prototype)                                                                                           \
    X(JSON)                                                                                                            \
    X(DsServiceSpec)                                                                                                   \
    X(DsServiceSpec_prototype)                                                                                         \
    X(DsPacketSpec)                                                                                                    \
    X(DsPacketSpec_prototype)                                                                                          \
    X(Image)                                                                                                           \
    X(Image_prototype)                                                                                                 \
    X(GPIO)                                                                                                            \
    X(GPIO_prototype)

/* X(name, text), by number */
#define MOTE_BUILTIN_STRINGS(X)                                                                                        \
    X(EMPTY, "")                                                                                                       \
    X(_Infinity, "-Infinity")                                                                                          \
    X(DeviceScript, "DeviceScript")                                                                                    \
    X(E, "E")                                                                                                          \
    X(Infinity, "Infinity")                                                                                            \
    X(LN10, "LN10")                                                                                                    \
    X(LN2, "LN2")                                                                                                      \
    X(LOG10E, "LOG10E")                                                                                                \
    X(LOG2E, "LOG2E")                                                                                                  \
    X(NaN, "NaN")                                                                                                      \
    X(PI, "PI")                                                                                                        \
    X(SQRT1_2, "SQRT1_2")                                                                                              \
    X(SQRT2, "SQRT2")                                                                                                  \
    X(abs, "abs")                                                                                                      \
    X(alloc, "alloc")                                                                                                  \
    X(array, "array")                                                                                                  \
    X(blitAt, "blitAt")                                                                                                \
    X(boolean, "boolean")                                                                                              \
    X(buffer, "buffer")                                                                                                \
    X(cbrt, "cbrt")                                                                                                    \
    X(ceil, "ceil")                                                                                                    \
    X(charCodeAt, "charCodeAt")                                                                                        \
    X(clamp, "clamp")                                                                                                  \
    X(exp, "exp")                                                                                                      \
    X(false, "false")                                                                                                  \
    X(fillAt, "fillAt")                                                                                                \
    X(floor, "floor")                                                                                                  \
    X(forEach, "forEach")                                                                                              \
    X(function, "function")                                                                                            \
    X(getAt, "getAt")                                                                                                  \
    X(idiv, "idiv")                                                                                                    \
    X(imul, "imul")                                                                                                    \
    X(isBound, "isBound")                                                                                              \
    X(join, "join")                                                                                                    \
    X(length, "length")                                                                                                \
    X(log, "log")                                                                                                      \
    X(log10, "log10")                                                                                                  \
    X(log2, "log2")                                                                                                    \
    X(map, "map")                                                                                                      \
    X(max, "max")                                                                                                      \
    X(min, "min")                                                                                                      \
    X(next, "next")                                                                                                    \
    X(null, "null")                                                                                                    \
    X(number, "number")                                                                                                \
    X(onChange, "onChange")                                                                                            \
    X(onConnected, "onConnected")                                                                                      \
    X(onDisconnected, "onDisconnected")                                                                                \
    X(packet, "packet")                                                                                                \
    X(_panic, "_panic")                                                                                                \
    X(pop, "pop")                                                                                                      \
    X(pow, "pow")                                                                                                      \
    X(prev, "prev")                                                                                                    \
    X(prototype, "prototype")                                                                                          \
    X(push, "push")                                                                                                    \
    X(random, "random")                                                                                                \
    X(randomInt, "randomInt")                                                                                          \
    X(read, "read")                                                                                                    \
    X(restart, "restart")                                                                                              \
    X(round, "round")                                                                                                  \
    X(setAt, "setAt")                                                                                                  \
    X(setLength, "setLength")                                                                                          \
    X(shift, "shift")                                                                                                  \
    X(signal, "signal")                                                                                                \
    X(slice, "slice")                                                                                                  \
    X(splice, "splice")                                                                                                \
    X(sqrt, "sqrt")                                                                                                    \
    X(string, "string")                                                                                                \
    X(subscribe, "subscribe")                                                                                          \
    X(toString, "toString")                                                                                            \
    X(true, "true")                                                                                                    \
    X(undefined, "undefined")                                                                                          \
    X(unshift, "unshift")                                                                                              \
    X(wait, "wait")                                                                                                    \
    X(write, "write")                                                                                                  \
    X(sleep, "sleep")                                                                                                  \
    X(imod, "imod")                                                                                                    \
    X(format, "format")                                                                                                \
    X(insert, "insert")                                                                                                \
    X(start, "start")                                                                                                  \
    X(cloud, "cloud")                                                                                                  \
    X(main, "main")                                                                                                    \
    X(charAt, "charAt")                                                                                                \
    X(object, "object")                                                                                                \
    X(parseInt, "parseInt")                                                                                            \
    X(parseFloat, "parseFloat")                                                                                        \
    X(assign, "assign")                                                                                                \
    X(keys, "keys")                                                                                                    \
    X(values, "values")                                                                                                \
    X(__func__, "__func__")                                                                                            \
    X(role, "role")                                                                                                    \
    X(deviceIdentifier, "deviceIdentifier")                                                                            \
    X(shortId, "shortId")                                                                                              \
    X(serviceIndex, "serviceIndex")                                                                                    \
    X(serviceCommand, "serviceCommand")                                                                                \
    X(payload, "payload")                                                                                              \
    X(decode, "decode")                                                                                                \
    X(encode, "encode")                                                                                                \
    X(_onPacket, "_onPacket")                                                                                          \
    X(code, "code")                                                                                                    \
    X(name, "name")                                                                                                    \
    X(isEvent, "isEvent")                                                                                              \
    X(eventCode, "eventCode")                                                                                          \
    X(isRegSet, "isRegSet")                                                                                            \
    X(isRegGet, "isRegGet")                                                                                            \
    X(regCode, "regCode")                                                                                              \
    X(flags, "flags")                                                                                                  \
    X(isReport, "isReport")                                                                                            \
    X(isCommand, "isCommand")                                                                                          \
    X(isArray, "isArray")                                                                                              \
    X(inline, "inline")                                                                                                \
    X(assert, "assert")                                                                                                \
    X(pushRange, "pushRange")                                                                                          \
    X(sendCommand, "sendCommand")                                                                                      \
    X(__stack__, "__stack__")                                                                                          \
    X(Error, "Error")                                                                                                  \
    X(TypeError, "TypeError")                                                                                          \
    X(RangeError, "RangeError")                                                                                        \
    X(stack, "stack")                                                                                                  \
    X(message, "message")                                                                                              \
    X(cause, "cause")                                                                                                  \
    X(__new__, "__new__")                                                                                              \
    X(setPrototypeOf, "setPrototypeOf")                                                                                \
    X(getPrototypeOf, "getPrototypeOf")                                                                                \
    X(constructor, "constructor")                                                                                      \
    X(__proto__, "__proto__")                                                                                          \
    X(_logRepr, "_logRepr")                                                                                            \
    X(print, "print")                                                                                                  \
    X(everyMs, "everyMs")                                                                                              \
    X(setInterval, "setInterval")                                                                                      \
    X(setTimeout, "setTimeout")                                                                                        \
    X(clearInterval, "clearInterval")                                                                                  \
    X(clearTimeout, "clearTimeout")                                                                                    \
    X(SyntaxError, "SyntaxError")                                                                                      \
    X(JSON, "JSON")                                                                                                    \
    X(parse, "parse")                                                                                                  \
    X(stringify, "stringify")                                                                                          \
    X(_dcfgString, "_dcfgString")                                                                                      \
    X(isSimulator, "isSimulator")                                                                                      \
    X(Role, "Role")                                                                                                    \
    X(Fiber, "Fiber")                                                                                                  \
    X(suspend, "suspend")                                                                                              \
    X(resume, "resume")                                                                                                \
    X(terminate, "terminate")                                                                                          \
    X(self, "self")                                                                                                    \
    X(current, "current")                                                                                              \
    X(id, "id")                                                                                                        \
    X(_commandResponse, "_commandResponse")                                                                            \
    X(isAction, "isAction")                                                                                            \
    X(millis, "millis")                                                                                                \
    X(from, "from")                                                                                                    \
    X(hex, "hex")                                                                                                      \
    X(utf8, "utf8")                                                                                                    \
    X(utf_8, "utf-8")                                                                                                  \
    X(suspended, "suspended")                                                                                          \
    X(reboot, "reboot")                                                                                                \
    X(server, "server")                                                                                                \
    X(spec, "spec")                                                                                                    \
    X(ServiceSpec, "ServiceSpec")                                                                                      \
    X(classIdentifier, "classIdentifier")                                                                              \
    X(lookup, "lookup")                                                                                                \
    X(PacketSpec, "PacketSpec")                                                                                        \
    X(parent, "parent")                                                                                                \
    X(response, "response")                                                                                            \
    X(ServerInterface, "ServerInterface")                                                                              \
    X(_onServerPacket, "_onServerPacket")                                                                              \
    X(_serverSend, "_serverSend")                                                                                      \
    X(notImplemented, "notImplemented")                                                                                \
    X(delay, "delay")                                                                                                  \
    X(fromCharCode, "fromCharCode")                                                                                    \
    X(_allocRole, "_allocRole")                                                                                        \
    X(spiConfigure, "spiConfigure")                                                                                    \
    X(spiXfer, "spiXfer")                                                                                              \
    X(_socketOpen, "_socketOpen")                                                                                      \
    X(_socketClose, "_socketClose")                                                                                    \
    X(_socketWrite, "_socketWrite")                                                                                    \
    X(_socketOnEvent, "_socketOnEvent")                                                                                \
    X(open, "open")                                                                                                    \
    X(close, "close")                                                                                                  \
    X(error, "error")                                                                                                  \
    X(data, "data")                                                                                                    \
    X(toUpperCase, "toUpperCase")                                                                                      \
    X(toLowerCase, "toLowerCase")                                                                                      \
    X(indexOf, "indexOf")                                                                                              \
    X(byteLength, "byteLength")                                                                                        \
    X(Image, "Image")                                                                                                  \
    X(width, "width")                                                                                                  \
    X(height, "height")                                                                                                \
    X(bpp, "bpp")                                                                                                      \
    X(get, "get")                                                                                                      \
    X(clone, "clone")                                                                                                  \
    X(set, "set")                                                                                                      \
    X(fill, "fill")                                                                                                    \
    X(flipX, "flipX")                                                                                                  \
    X(flipY, "flipY")                                                                                                  \
    X(transposed, "transposed")                                                                                        \
    X(drawImage, "drawImage")                                                                                          \
    X(drawTransparentImage, "drawTransparentImage")                                                                    \
    X(overlapsWith, "overlapsWith")                                                                                    \
    X(fillRect, "fillRect")                                                                                            \
    X(drawLine, "drawLine")                                                                                            \
    X(equals, "equals")                                                                                                \
    X(isReadOnly, "isReadOnly")                                                                                        \
    X(fillCircle, "fillCircle")                                                                                        \
    X(blitRow, "blitRow")                                                                                              \
    X(blit, "blit")                                                                                                    \
    X(_i2cTransaction, "_i2cTransaction")                                                                              \
    X(_twinMessage, "_twinMessage")                                                                                    \
    X(spiSendImage, "spiSendImage")                                                                                    \
    X(gpio, "gpio")                                                                                                    \
    X(label, "label")                                                                                                  \
    X(mode, "mode")                                                                                                    \
    X(capabilities, "capabilities")                                                                                    \
    X(value, "value")                                                                                                  \
    X(setMode, "setMode")                                                                                              \
    X(fillRandom, "fillRandom")                                                                                        \
    X(encrypt, "encrypt")                                                                                              \
    X(decrypt, "decrypt")                                                                                              \
    X(digest, "digest")                                                                                                \
    X(ledStripSend, "ledStripSend")                                                                                    \
    X(rotate, "rotate")                                                                                                \
    X(register, "register")                                                                                            \
    X(event, "event")                                                                                                  \
    X(action, "action")                                                                                                \
    X(report, "report")                                                                                                \
    X(type, "type")                                                                                                    \
    X(byCode, "byCode")

#endif
