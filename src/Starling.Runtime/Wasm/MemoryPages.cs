using System.Runtime.InteropServices;

namespace Starling.Runtime.Wasm;

/// <summary>Address space that is reserved first and made accessible as it is needed.</summary>
internal static class MemoryPages
{
    public const int ReadWrite = 3;
    public const int ReadExecute = 5;

    private const int None = 0;
    private const int PrivateAnonymousNoReserve = 0x4022;
    private const int DontNeed = 4;

    /// <summary>Reserves space that is not accessible; 0 when there is none.</summary>
    public static nint Reserve(ulong bytes)
    {
        nint start = Map(0, (nuint)bytes, None, PrivateAnonymousNoReserve, -1, 0);
        return start == -1 ? 0 : start;
    }

    /// <summary>Makes space accessible.</summary>
    public static bool Protect(nint start, ulong bytes, int access) => bytes == 0 || Protect(start, (nuint)bytes, access) == 0;

    /// <summary>Forgets what is in a reserved space and makes it inaccessible again.</summary>
    public static void Clear(nint start, ulong bytes)
    {
        if (bytes > 0)
        {
            Advise(start, (nuint)bytes, DontNeed);
            Protect(start, (nuint)bytes, None);
        }
    }

    /// <summary>Gives space back.</summary>
    public static void Release(nint start, ulong bytes) => Unmap(start, (nuint)bytes);

    [DllImport("libc", EntryPoint = "mmap")]
    private static extern nint Map(nint address, nuint length, int access, int flags, int descriptor, nint offset);

    [DllImport("libc", EntryPoint = "munmap")]
    private static extern int Unmap(nint address, nuint length);

    [DllImport("libc", EntryPoint = "mprotect")]
    private static extern int Protect(nint address, nuint length, int access);

    [DllImport("libc", EntryPoint = "madvise")]
    private static extern int Advise(nint address, nuint length, int advice);
}
