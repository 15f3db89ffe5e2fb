using System;
using System.Collections.Generic;
using System.Text;
using Starling.Core.Engine;
using Starling.Core.Tasks;
using Starling.Runtime.Engine;
using Starling.Runtime.Execution;
using Starling.Runtime.Kernels.Hashing;
using Starling.Runtime.Kernels.Searching;

namespace Starling.Runtime.Kernels;

/// <summary>
/// <c>sha256d-search {header, start, count}</c>: tries nonces of a block header. Each hit (double SHA-256 at most the target that the
/// header's bits name) is a line <c>nonce hash</c>, in ascending order, the hash as block explorers print it.
/// </summary>
internal sealed class Sha256dSearchKernel : IKernel, IHitCheck
{
    public const string Name = "sha256d-search";

    /// <summary>Number of all nonces; start + count must not pass it.</summary>
    public const ulong Nonces = 1UL << 32;

    /// <summary>Nonces between two looks at the token: a few milliseconds without vectors.</summary>
    private const uint ChunkSize = 1 << 14;

    private readonly BlockHeader _header;
    private readonly ulong _start;
    private readonly ulong _count;
    private readonly int _pieces;
    private readonly VectorPath _path;

    private Sha256dSearchKernel(BlockHeader header, ulong start, ulong count, int pieces, VectorPath path)
    {
        _header = header;
        _start = start;
        _count = count;
        _pieces = pieces;
        _path = path;
    }

    public static Sha256dSearchKernel? Create(KernelParameters parameters, TaskInfo task) => Create(parameters, task, VectorPaths.Best);

    /// <summary>The same on one of <see cref="VectorPaths.Available"/>.</summary>
    public static Sha256dSearchKernel? Create(KernelParameters parameters, TaskInfo task, VectorPath path)
    {
        BlockHeader? header = ReadHeader(parameters);
        ulong start = parameters.Whole("start", 0, Nonces - 1, fallback: 0);
        ulong count = parameters.Whole("count", 1, Nonces, fallback: Nonces - start);
        if (start + count > Nonces)
        {
            parameters.Refuse($"run.count: {start} + {count} is beyond the last nonce", $"Write at most {Nonces - start}.");
        }

        return header is null ? null : new Sha256dSearchKernel(header, start, count, task.PieceCount, path);
    }

    public KernelOutcome Run(int piece, IOutputSink output, RunPace pace)
    {
        PieceRange range = PieceRange.Of(piece, _pieces, _start, _count);
        using var searcher = NonceSearcher.Create(_header, _path);
        var candidates = new List<uint>();
        for (ulong done = 0; done < range.Count; done += ChunkSize)
        {
            if (pace.IsCancellationRequested)
            {
                return KernelOutcome.Cancelled;
            }

            candidates.Clear();
            searcher.Search((uint)(range.First + done), (uint)Math.Min(ChunkSize, range.Count - done), candidates);
            if (!Report(candidates, output))
            {
                return KernelOutcome.TooLong;
            }
        }

        return KernelOutcome.Finished;
    }

    /// <inheritdoc/>
    public bool IsHit(int piece, ReadOnlySpan<byte> content)
    {
        PieceRange range = PieceRange.Of(piece, _pieces, _start, _count);
        Span<byte> hash = stackalloc byte[32];
        ulong least = range.First;
        for (ReadOnlySpan<byte> rest = content; rest.Length > 0;)
        {
            if (!HitLine.TryTake(ref rest, out ulong nonce, out ReadOnlySpan<byte> hex)
                || nonce < least || nonce - range.First >= range.Count
                || !_header.Check((uint)nonce, hash) || !HitLine.Names(hex, hash))
            {
                return false;
            }

            least = nonce + 1;
        }

        return content.Length > 0;
    }

    private static BlockHeader? ReadHeader(KernelParameters parameters)
    {
        string text = parameters.Text("header", "the 80 bytes of a block header in hex");
        Span<byte> bytes = stackalloc byte[BlockHeader.Size];
        if (text.Length != 2 * BlockHeader.Size || Convert.FromHexString(text, bytes, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            string wanted = $"Write the {BlockHeader.Size} bytes of a block header as {2 * BlockHeader.Size} hex digits.";
            parameters.Refuse("header", text, wanted);
            return null;
        }

        if (!BlockHeader.TryCreate(bytes, out BlockHeader? header))
        {
            parameters.Refuse("header", text, "Its bits (bytes 72 to 75) name no target: it is negative, zero or above 256 bits.");
        }

        return header;
    }

    private bool Report(List<uint> candidates, IOutputSink output)
    {
        Span<byte> hash = stackalloc byte[32];
        foreach (uint nonce in candidates)
        {
            if (_header.Check(nonce, hash) && !output.TryWrite(Encoding.ASCII.GetBytes($"{nonce} {Convert.ToHexStringLower(hash)}\n")))
            {
                return false;
            }
        }

        return true;
    }
}
