using System;
using System.Text;

namespace Starling.Runtime.Execution;

/// <summary>The last 64 KiB of a command's standard error; what came before is counted and forgotten. Memory is taken at the first byte.</summary>
public sealed class StderrTail
{
    /// <summary>Bytes that are kept.</summary>
    public const int Capacity = 64 * 1024;

    private const int ReportedBytes = 4 * 1024;

    private byte[]? _ring;

    /// <summary>Bytes that came in all.</summary>
    public long TotalBytes { get; private set; }

    /// <summary>Takes further bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        _ring ??= new byte[Capacity];
        if (bytes.Length > Capacity)
        {
            TotalBytes += bytes.Length - Capacity;
            bytes = bytes[^Capacity..];
        }

        int at = (int)(TotalBytes % Capacity);
        int first = Math.Min(bytes.Length, Capacity - at);
        bytes[..first].CopyTo(_ring.AsSpan(at));
        bytes[first..].CopyTo(_ring);
        TotalBytes += bytes.Length;
    }

    /// <summary>Forgets everything, for the next run.</summary>
    public void Clear() => TotalBytes = 0;

    /// <summary>What is kept, oldest byte first.</summary>
    public byte[] ToArray()
    {
        var bytes = new byte[Math.Min(TotalBytes, Capacity)];
        if (_ring is not null)
        {
            int start = TotalBytes <= Capacity ? 0 : (int)(TotalBytes % Capacity);
            int first = Math.Min(bytes.Length, Capacity - start);
            _ring.AsSpan(start, first).CopyTo(bytes);
            _ring.AsSpan(0, bytes.Length - first).CopyTo(bytes.AsSpan(first));
        }

        return bytes;
    }

    /// <summary>The last 4 KiB as text, what is not UTF-8 replaced, without the blanks around it: for messages.</summary>
    public string ToText()
    {
        byte[] bytes = ToArray();
        return Encoding.UTF8.GetString(bytes.AsSpan(Math.Max(0, bytes.Length - ReportedBytes))).Trim();
    }
}
