/* Settings, log, clocks, name resolution, storage. */
#ifndef MOTE_SYSTEM_H
#define MOTE_SYSTEM_H

#include "mote_vm.h"

mote_value mote_native_resolve(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_storage_load(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_storage_save(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_storage_remove(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_wall_clock(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_setting(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_log(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_reboot_reason(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_deep_sleep(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_i2c_transaction(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);
mote_value mote_native_free_memory(mote_vm *vm, mote_value receiver, const mote_value *args, unsigned count);

#endif
