using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Starling.Core.Engine;
using Starling.Core.Tasks;
using Starling.Runtime.Engine;
using Starling.Runtime.Execution;
using Starling.Runtime.Kernels.Hashing;
using Starling.Runtime.Kernels.Searching;

namespace Starling.Runtime.Kernels;

/// <summary>
/// <c>hash-search {algorithm, start, count, zero-bits, at}</c>: hashes integers, written as decimal ASCII. Each hit (a digest with that
/// many zero bits at its start or end) is a line <c>integer digest</c>, in ascending order.
/// </summary>
internal sealed class HashSearchKernel : IKernel, IHitCheck
{
    public const string Name = "hash-search";

    /// <summary>Integers between two looks at the token: some milliseconds without vectors.</summary>
    private const uint ChunkSize = 20_000;

    private const int MaxDigits = 20;

    private static readonly string[] Ends = ["start", "end"];

    private readonly HashName _hash;
    private readonly ZeroBits _wanted;
    private readonly ulong _start;
    private readonly ulong _count;
    private readonly int _pieces;
    private readonly VectorPath _path;

    private HashSearchKernel(HashName hash, ZeroBits wanted, ulong start, ulong count, int pieces, VectorPath path)
    {
        _hash = hash;
        _wanted = wanted;
        _start = start;
        _count = count;
        _pieces = pieces;
        _path = path;
    }

    public static HashSearchKernel Create(KernelParameters parameters, TaskInfo task) => Create(parameters, task, VectorPaths.Best);

    /// <summary>The same on one of <see cref="VectorPaths.Available"/>.</summary>
    public static HashSearchKernel Create(KernelParameters parameters, TaskInfo task, VectorPath path)
    {
        var hash = (HashName)parameters.Choice("algorithm", HashNames.All);
        ulong start = parameters.Whole("start", 0, ulong.MaxValue, fallback: 0);
        ulong count = parameters.Whole("count", 1, ulong.MaxValue);
        int zeroBits = parameters.WholeInt32("zero-bits", 0, 8 * hash.DigestSize());
        bool atEnd = parameters.Choice("at", Ends, fallback: 0) == 1;
        if (start != 0 && count - 1 > ulong.MaxValue - start)
        {
            parameters.Refuse($"run.count: {start} + {count} is beyond 2^64", $"Write at most {ulong.MaxValue - start + 1}.");
        }

        return new HashSearchKernel(hash, new ZeroBits(zeroBits, atEnd), start, count, task.PieceCount, path);
    }

    public KernelOutcome Run(int piece, IOutputSink output, RunPace pace)
    {
        PieceRange range = PieceRange.Of(piece, _pieces, _start, _count);
        using var searcher = DecimalSearcher.Create(_hash, _wanted, _path);
        var candidates = new List<ulong>();
        ulong next = range.First;
        for (ulong rest = range.Count; rest > 0;)
        {
            if (pace.IsCancellationRequested)
            {
                return KernelOutcome.Cancelled;
            }

            ulong chunk = Math.Min(ChunkSize, rest);
            candidates.Clear();
            searcher.Search(next, chunk, candidates);
            if (!Report(candidates, output))
            {
                return KernelOutcome.TooLong;
            }

            next += chunk;
            rest -= chunk;
        }

        return KernelOutcome.Finished;
    }

    /// <inheritdoc/>
    public bool IsHit(int piece, ReadOnlySpan<byte> content)
    {
        PieceRange range = PieceRange.Of(piece, _pieces, _start, _count);
        Span<byte> digits = stackalloc byte[MaxDigits];
        Span<byte> digest = stackalloc byte[HashNames.MaxDigestSize];
        digest = digest[.._hash.DigestSize()];
        ulong least = range.First;
        bool isLast = false;
        for (ReadOnlySpan<byte> rest = content; rest.Length > 0;)
        {
            if (isLast || !HitLine.TryTake(ref rest, out ulong number, out ReadOnlySpan<byte> hex)
                || number < least || number - range.First >= range.Count)
            {
                return false;
            }

            number.TryFormat(digits, out int length, default, CultureInfo.InvariantCulture);
            _hash.Hash(digits[..length], digest);
            if (!_wanted.In(digest) || !HitLine.Names(hex, digest))
            {
                return false;
            }

            isLast = number == ulong.MaxValue;
            least = number + 1;
        }

        return content.Length > 0;
    }

    private bool Report(List<ulong> candidates, IOutputSink output)
    {
        Span<byte> digits = stackalloc byte[MaxDigits];
        Span<byte> digest = stackalloc byte[HashNames.MaxDigestSize];
        digest = digest[.._hash.DigestSize()];
        foreach (ulong candidate in candidates)
        {
            candidate.TryFormat(digits, out int length, default, CultureInfo.InvariantCulture);
            _hash.Hash(digits[..length], digest);
            if (_wanted.In(digest) && !output.TryWrite(Encoding.ASCII.GetBytes($"{candidate} {Convert.ToHexStringLower(digest)}\n")))
            {
                return false;
            }
        }

        return true;
    }
}
