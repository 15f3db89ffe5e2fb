using System;
using System.Buffers.Binary;
using System.Text;

namespace Starling.Core.Images;

/// <summary>What the start of a program tells: for which processor it is, and which other program loads it. ELF and <c>#!</c> alone.</summary>
/// <param name="Arch">Processor in this program's words (<c>x64</c>, <c>arm64</c>); another word: one that is not known; null: not said, as for scripts.</param>
/// <param name="Interpreter">Absolute path of what loads it; null: nothing does.</param>
public sealed record ElfProgram(string? Arch, string? Interpreter)
{
    private static ReadOnlySpan<byte> Magic => [0x7f, (byte)'E', (byte)'L', (byte)'F'];

    private const int HeaderSize64 = 64;
    private const int ProgramHeaderSize64 = 56;
    private const uint InterpreterType = 3;

    /// <summary>Reads the first bytes of a program; null: it is neither an ELF program of 64 bits nor a script, so nothing can be said.</summary>
    public static ElfProgram? Read(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith("#!"u8))
        {
            int end = head.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = (end < 0 ? head : head[..end])[2..].Trim(" \t\r"u8);
            int blank = line.IndexOfAny((byte)' ', (byte)'\t');
            return new ElfProgram(null, Encoding.UTF8.GetString(blank < 0 ? line : line[..blank]));
        }

        // 2: 64 bits; 1: little-endian, as every Linux that this program runs on.
        if (head.Length < HeaderSize64 || !head.StartsWith(Magic) || head[4] != 2 || head[5] != 1)
        {
            return head.StartsWith(Magic) ? new ElfProgram("other", null) : null;
        }

        string arch = BinaryPrimitives.ReadUInt16LittleEndian(head[18..]) switch
        {
            62 => "x64",
            183 => "arm64",
            _ => "other",
        };
        return new ElfProgram(arch, InterpreterOf(head));
    }

    private static string? InterpreterOf(ReadOnlySpan<byte> head)
    {
        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(head[32..]);
        int size = BinaryPrimitives.ReadUInt16LittleEndian(head[54..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(head[56..]);
        for (int i = 0; i < count && size >= ProgramHeaderSize64; i++)
        {
            ulong at = table + ((ulong)i * (uint)size);
            if (table > (ulong)head.Length || at + ProgramHeaderSize64 > (ulong)head.Length)
            {
                return null;
            }

            ReadOnlySpan<byte> header = head[(int)at..];
            if (BinaryPrimitives.ReadUInt32LittleEndian(header) != InterpreterType)
            {
                continue;
            }

            ulong start = BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
            ulong length = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
            if (start > (ulong)head.Length || length > (ulong)head.Length - start || length > ImageLimits.MaxPathBytes)
            {
                return null;
            }

            return Encoding.UTF8.GetString(head.Slice((int)start, (int)length).TrimEnd((byte)0));
        }

        return null;
    }
}
