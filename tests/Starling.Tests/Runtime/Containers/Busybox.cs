using System;
using System.IO;
using System.Linq;

namespace Starling.Tests.Runtime.Containers;

/// <summary>A static shell, so that a whole image is one program and some links.</summary>
internal static class Busybox
{
    private static readonly string? Path = new[] { "/bin/busybox", "/usr/bin/busybox" }.FirstOrDefault(File.Exists);

    public static string? Missing => Path is null ? "busybox is not installed: scripts/install-test-tools.sh" : null;

    /// <summary>What makes a shell of a layer that needs none to run: a script whose interpreter is there.</summary>
    public static TestLayer FakeShell => new TestLayer().Folder("bin").File("bin/sh", "#!/bin/sh0\n", (UnixFileMode)0x1ED).File("bin/sh0", Elf(), (UnixFileMode)0x1ED);

    public static TestLayer Shell
    {
        get
        {
            TestLayer layer = new TestLayer().Folder("bin").File("bin/busybox", File.ReadAllBytes(Path!), (UnixFileMode)0x1ED);
            foreach (string name in (string[])["sh", "cat", "echo", "ls", "id", "env", "pwd", "touch", "seq", "sleep", "wc", "uname"])
            {
                layer.Link($"bin/{name}", "busybox");
            }

            return layer;
        }
    }

    /// <summary>The head of a program for this machine that nothing loads.</summary>
    public static byte[] Elf(ushort? machine = null)
    {
        var head = new byte[64];
        new byte[] { 0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1 }.CopyTo(head, 0);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(18), machine ?? (TestImage.Arch == "arm64" ? (ushort)183 : (ushort)62));
        return head;
    }
}
