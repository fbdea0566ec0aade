# Start: global and stack pointer, .data and .tdata from flash, .bss and the driver's rings zeroed, main, exit.
# A trap reports where it happened and ends the emulator.
    .option arch, +zicsr

    .macro copy to, from, end
    la a0, \to
    la a1, \from
    la a2, \end
1:  bgeu a0, a2, 2f
    lw t0, 0(a1)
    sw t0, 0(a0)
    addi a0, a0, 4
    addi a1, a1, 4
    j 1b
2:
    .endm

    .macro clear from, end
    la a0, \from
    la a1, \end
1:  bgeu a0, a1, 2f
    sw zero, 0(a0)
    addi a0, a0, 4
    j 1b
2:
    .endm

    .section .text.start, "ax"
    .globl _start
_start:
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la sp, __stack
    la t0, trap
    csrw mtvec, t0
    la tp, __tls_base
    clear __tdata_start, __data_start
    copy __data_start, __load_data, __data_end
    copy __tdata_start, __load_tdata, __tdata_end
    clear __bss_start, __bss_end
    clear __wifi_start, __wifi_end
    call main
    call exit
    .align 2
trap:
    csrr a0, mcause
    csrr a1, mepc
    csrr a2, mtval
    la sp, __stack
    call trap_report
1:  j 1b
