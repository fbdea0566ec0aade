/* Offsets in the packed state of the record natives: firmware/natives/record_state.h. */

/** The connection id is stored after the state. */
export const STATE_LENGTH = 32
export const STATE_FORM = 0
export const STATE_HANDLE = 1
export const STATE_EPOCH = 3
export const STATE_IV = 11
export const STATE_IV_LENGTH = 23
export const STATE_EXPLICIT_LENGTH = 24
export const STATE_ID_LENGTH = 25
/** type of the last record opened */
export const STATE_TYPE = 26
/** DTLS 1.3: length of the last record whose number was asked for, 2 bytes */
export const STATE_RECORD_LENGTH = 28

/** Values of STATE_FORM: headers of DTLS 1.2, with a connection id (RFC 9146 §4), unified headers (RFC 9147 §4). */
export const FORM_V12 = 1
export const FORM_V12_WITH_ID = 2
export const FORM_V13 = 3
