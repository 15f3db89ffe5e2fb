// What the tests have a module do: its first argument says what.
//   clang --target=wasm32 -O1 -nostdlib -Wl,--no-entry -Wl,--export=_start -Wl,--strip-all -o probe.wasm probe.c

typedef unsigned int u32;
typedef unsigned long long u64;

#define WASI(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name))) u32 name

WASI(args_sizes_get)(u32 *count, u32 *size);
WASI(args_get)(char **arguments, char *text);
WASI(environ_sizes_get)(u32 *count, u32 *size);
WASI(environ_get)(char **variables, char *text);
WASI(clock_time_get)(u32 clock, u64 precision, u64 *time);
WASI(random_get)(void *bytes, u32 count);
WASI(fd_read)(u32 descriptor, const void *parts, u32 count, u32 *read);
WASI(fd_write)(u32 descriptor, const void *parts, u32 count, u32 *written);
WASI(fd_readdir)(u32 descriptor, void *buffer, u32 length, u64 cookie, u32 *used);
WASI(path_open)(u32 descriptor, u32 lookup, const char *path, u32 length, u32 flags, u64 rights, u64 inherited, u32 mode, u32 *opened);
__attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_exit"))) void proc_exit(u32 status);

static char *arguments[16], *variables[64];
static char text[65536], buffer[65536];

static u32 length_of(const char *s)
{
    u32 n = 0;
    while (s[n])
        n++;
    return n;
}

static u32 write(u32 descriptor, const void *bytes, u32 length)
{
    struct {
        const void *bytes;
        u32 length;
    } part = {bytes, length};
    u32 written;
    return fd_write(descriptor, &part, 1, &written);
}

static void number(u64 value)
{
    char line[24], *at = line + sizeof line;
    *--at = '\n';
    do
        *--at = (char)('0' + value % 10);
    while (value /= 10);
    write(1, at, (u32)(line + sizeof line - at));
}

static void copy(u32 descriptor)
{
    struct {
        void *bytes;
        u32 length;
    } part = {buffer, sizeof buffer};
    u32 count;
    while (fd_read(descriptor, &part, 1, &count) == 0 && count > 0)
        write(1, buffer, count);
}

__attribute__((noinline)) static u32 deep(volatile u32 *n)
{
    return *n == 0 ? 0 : (*n)--, 1 + deep(n);
}

void _start(void)
{
    u32 count, size, opened;
    u64 time;
    args_sizes_get(&count, &size);
    args_get(arguments, text);
    const char *what = arguments[1];
    switch (what[0]) {
    case 'a': // arguments, one a line
        for (u32 i = 0; i < count; i++)
            write(1, arguments[i], length_of(arguments[i])), write(1, "\n", 1);
        break;
    case 'v': // variables, one a line
        environ_sizes_get(&count, &size);
        environ_get(variables, text);
        for (u32 i = 0; i < count; i++)
            write(1, variables[i], length_of(variables[i])), write(1, "\n", 1);
        break;
    case 'c': // standard input
        copy(0);
        break;
    case 'o': // opens a path below /: its error, or what is in the file
        number(count = path_open(3, 1, arguments[2], length_of(arguments[2]), 0, 2, 0, 0, &opened));
        if (count == 0)
            copy(opened);
        break;
    case 'w': // makes a file: the error
        number(path_open(3, 1, "new", 3, 1, 64, 0, 0, &opened));
        break;
    case 'd': // the raw entries of a folder
        path_open(3, 1, arguments[2], length_of(arguments[2]), 2, 1 << 14, 0, 0, &opened);
        fd_readdir(opened, buffer, sizeof buffer, 0, &size);
        write(1, buffer, size);
        break;
    case 't': // the time
        clock_time_get(0, 1, &time);
        number(time);
        break;
    case 'r': // random bytes
        random_get(buffer, 40);
        write(1, buffer, 40);
        break;
    case 'x': // a status, and something on standard error
        write(2, "oops", 4);
        proc_exit(3);
        break;
    case 's': // for ever
        for (volatile u32 i = 0;; i++)
            ;
    case 'f': // floods standard output
        for (;;)
            write(1, buffer, sizeof buffer);
    case 'e': // floods standard error, then ends well
        for (u32 i = 0; i < 100; i++)
            write(2, buffer, sizeof buffer);
        break;
    case 'm': // takes all the memory there is: how many pages
        while (__builtin_wasm_memory_grow(0, 1) != (unsigned long)-1)
            ;
        number(__builtin_wasm_memory_size(0));
        break;
    case 'u':
        __builtin_trap();
    case 'b': // beyond its memory
        number(*(volatile u32 *)0xfffffff0u);
        break;
    case 'n': // too deep
        count = 100000000;
        number(deep(&count));
        break;
    }
}
