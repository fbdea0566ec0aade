/*
 * A plugin of QEMU (API version 1), compiled for the machine that runs it: instructions by function of the guest. It
 * reads lines "START END NAME" (hexadecimal) from the file `symbols=`, counts between the guest's calls of
 * bench_marks_on and bench_marks_off, and writes lines "NAME SELF CALLS WITH" to the file `out=`: WITH are also those
 * of C functions that run on behalf of a translated function of the program (f0, f1, ...), until another one takes
 * over.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t plugin_id;
typedef struct qemu_plugin_tb block;
typedef struct qemu_plugin_insn instruction;

/* QEMU's side. */
size_t qemu_plugin_tb_n_insns(const block *translated);
instruction *qemu_plugin_tb_get_insn(const block *translated, size_t index);
uint64_t qemu_plugin_insn_vaddr(const instruction *of);
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*translated)(plugin_id id, block *translated));
void qemu_plugin_register_vcpu_insn_exec_cb(instruction *of, void (*run)(unsigned cpu, void *data), int flags,
                                            void *data);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*end)(plugin_id id, void *data), void *data);
/* Ours. */
__attribute__((visibility("default"))) extern int qemu_plugin_version;
__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *about, int argc, char **argv);

int qemu_plugin_version = 1;

enum { MOST = 16384, NAME = 64, BASE = 0x80000000u, BYTES = 0x200000 };

static struct {
    char name[NAME];
    bool program;
    uint64_t self, calls, with;
} functions[MOST];
static unsigned count = 1; /* 0: none of them */
static uint16_t at[BYTES / 2];
static unsigned on, off, current;
static bool counting;
static char out_path[4096];

static void run(unsigned cpu, void *data)
{
    (void)cpu;
    unsigned of = (unsigned)((uintptr_t)data >> 1);
    bool first = ((uintptr_t)data & 1) != 0;
    if (first && of == on) counting = true;
    if (first && of == off) counting = false;
    if (!counting || of == on) return;
    if (functions[of].program) current = of;
    functions[of].self++;
    functions[of].calls += first;
    functions[current].with++;
}

static void translated(plugin_id id, block *all)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(all); i++) {
        instruction *one = qemu_plugin_tb_get_insn(all, i);
        uint64_t place = (qemu_plugin_insn_vaddr(one) & 0xffffffffu) - BASE;
        if (place >= BYTES) continue;
        uintptr_t of = at[place / 2], first = place == 0 || at[place / 2 - 1] != of;
        qemu_plugin_register_vcpu_insn_exec_cb(one, run, 0, (void *)(of << 1 | first));
    }
}

static void add(uint64_t start, uint64_t end, const char *name)
{
    unsigned i = count++;
    snprintf(functions[i].name, NAME, "%s", name);
    functions[i].program = name[0] == 'f' && name[1] != 0 && strspn(name + 1, "0123456789") == strlen(name + 1);
    if (strcmp(name, "bench_marks_on") == 0) on = i;
    if (strcmp(name, "bench_marks_off") == 0) off = i;
    for (uint64_t place = start - BASE; place < end - BASE && place < BYTES; place += 2) at[place / 2] = (uint16_t)i;
}

static bool read_symbols(const char *path)
{
    FILE *file = fopen(path, "r");
    uint64_t start, end;
    char name[NAME];
    if (file == NULL) return false;
    while (count < MOST && fscanf(file, "%" SCNx64 " %" SCNx64 " %63s", &start, &end, name) == 3) add(start, end, name);
    fclose(file);
    return on != 0 && off != 0;
}

static void write_counts(plugin_id id, void *data)
{
    (void)id, (void)data;
    FILE *file = fopen(out_path, "w");
    if (file == NULL) return;
    for (unsigned i = 1; i < count; i++)
        if (functions[i].self > 0)
            fprintf(file, "%s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", functions[i].name, functions[i].self,
                    functions[i].calls, functions[i].with);
    fclose(file);
}

int qemu_plugin_install(plugin_id id, const void *about, int argc, char **argv)
{
    (void)about;
    bool known = false;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "symbols=", 8) == 0) known = read_symbols(argv[i] + 8);
        if (strncmp(argv[i], "out=", 4) == 0) snprintf(out_path, sizeof out_path, "%s", argv[i] + 4);
    }
    if (!known || out_path[0] == 0) return 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, write_counts, NULL);
    return 0;
}
