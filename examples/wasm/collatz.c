// The longest Collatz sequence that begins below 10,000,000, each piece over its part of the numbers.
//
// Built without a C library, so that the module stays small:
//   clang --target=wasm32 -O2 -nostdlib -Wl,--no-entry -Wl,--export=_start -Wl,--strip-all -o collatz.wasm collatz.c

typedef unsigned int u32;
typedef unsigned long long u64;

__attribute__((import_module("wasi_snapshot_preview1"), import_name("environ_sizes_get"))) u32 environ_sizes_get(u32 *count, u32 *size);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("environ_get"))) u32 environ_get(char **variables, char *text);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("fd_write"))) u32 fd_write(u32 descriptor, const void *parts, u32 count, u32 *written);

static u64 number_of(const char *name)
{
    static char *variables[64];
    static char text[4096];
    u32 count, size;
    if (environ_sizes_get(&count, &size) || count > 64 || size > sizeof text || environ_get(variables, text))
        __builtin_trap();
    for (u32 i = 0; i < count; i++) {
        const char *v = variables[i], *n = name;
        while (*n && *v == *n)
            v++, n++;
        if (*n == 0 && *v == '=') {
            u64 number = 0;
            while (*++v)
                number = number * 10 + (u64)(*v - '0');
            return number;
        }
    }
    __builtin_trap();
}

static char *decimal(char *end, u64 number)
{
    do
        *--end = (char)('0' + number % 10);
    while (number /= 10);
    return end;
}

void _start(void)
{
    const u64 all = 10000000;
    u64 piece = number_of("PIECE_IDX"), pieces = number_of("PIECE_COUNT");
    u64 best = 0, steps_of_best = 0;
    for (u64 start = 1 + piece * all / pieces; start <= (piece + 1) * all / pieces; start++) {
        u64 steps = 0;
        for (u64 n = start; n != 1; steps++)
            n = n & 1 ? 3 * n + 1 : n / 2;
        if (steps > steps_of_best)
            best = start, steps_of_best = steps;
    }

    char line[64], *end = line + sizeof line, *at = end;
    *--at = '\n';
    at = decimal(at, steps_of_best);
    *--at = ' ';
    at = decimal(at, best);
    struct {
        const char *text;
        u32 length;
    } part = {at, (u32)(end - at)};
    u32 written;
    fd_write(1, &part, 1, &written);
}
