/*
 * A plugin for QEMU (API version 1), compiled for the host: counts instructions by function of the guest. It reads
 * lines "START END NAME" (hexadecimal) from the file `symbols=`. It counts for handshakes or records between the
 * guest's call of bench_marks_handshake or bench_marks_record and that of bench_marks_off, and writes lines "handshake
 * NAME SELF CALLS WITH" and "record ..." to the file `out=`. WITH includes C functions that run on behalf of a
 * translated function of the program (f0, f1, ...), until another translated function takes over.
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

/* The plugin API of QEMU. */
size_t qemu_plugin_tb_n_insns(const block *translated);
instruction *qemu_plugin_tb_get_insn(const block *translated, size_t index);
uint64_t qemu_plugin_insn_vaddr(const instruction *of);
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*translated)(plugin_id id, block *translated));
void qemu_plugin_register_vcpu_insn_exec_cb(instruction *of, void (*run)(unsigned cpu, void *data), int flags,
                                            void *data);
void qemu_plugin_register_atexit_cb(plugin_id id, void (*end)(plugin_id id, void *data), void *data);
/* What QEMU needs from the plugin. */
__attribute__((visibility("default"))) extern int qemu_plugin_version;
__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *about, int argc, char **argv);

int qemu_plugin_version = 1;

enum { MOST = 16384, NAME = 64, BASE = 0x80000000u, BYTES = 0x200000 };

/** What instructions are counted for; each phase begins at the call of its mark. */
typedef enum { OFF, HANDSHAKE, RECORD, PHASES } phase;
static const char *const marks[PHASES] = {"bench_marks_off", "bench_marks_handshake", "bench_marks_record"};
static const char *const phase_names[PHASES] = {"off", "handshake", "record"};
static unsigned mark_functions[PHASES];

static struct {
    char name[NAME];
    bool program;
    struct {
        uint64_t self, calls, with;
    } counts[PHASES];
} functions[MOST];
static unsigned count = 1; /* 0: a function that is not listed */
static uint16_t at[BYTES / 2];
static unsigned current;
static phase counting = OFF;
static char out_path[4096];

static void run(unsigned cpu, void *data)
{
    (void)cpu;
    unsigned of = (unsigned)((uintptr_t)data >> 1);
    bool first = ((uintptr_t)data & 1) != 0;
    for (phase i = OFF; first && i < PHASES; i++)
        if (of == mark_functions[i]) counting = i;
    if (counting == OFF || of == mark_functions[counting]) return;
    if (functions[of].program) current = of;
    functions[of].counts[counting].self++;
    functions[of].counts[counting].calls += first;
    functions[current].counts[counting].with++;
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
    for (phase each = OFF; each < PHASES; each++)
        if (strcmp(name, marks[each]) == 0) mark_functions[each] = i;
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
    return mark_functions[OFF] != 0 && mark_functions[HANDSHAKE] != 0 && mark_functions[RECORD] != 0;
}

static void write_counts(plugin_id id, void *data)
{
    (void)id, (void)data;
    FILE *file = fopen(out_path, "w");
    if (file == NULL) return;
    for (phase each = HANDSHAKE; each < PHASES; each++)
        for (unsigned i = 1; i < count; i++)
            if (functions[i].counts[each].self > 0)
                fprintf(file, "%s %s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", phase_names[each], functions[i].name,
                        functions[i].counts[each].self, functions[i].counts[each].calls,
                        functions[i].counts[each].with);
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
