using System;
using Starling.Core.Tasks;
using Starling.Runtime.Engine;
using Starling.Runtime.Execution;
using Starling.Runtime.Kernels.Chains;
using Starling.Runtime.Kernels.Hashing;

namespace Starling.Runtime.Kernels;

/// <summary>
/// <c>rainbow-table {algorithm, charset, length, chain-length, chains, table}</c>: chains of hash and reduction (Oechslin 2003). Chain c
/// starts at text number c; its line is <c>first-text last-text</c>. All lines have one length, in the order of the chains.
/// </summary>
internal sealed class RainbowTableKernel : IKernel
{
    public const string Name = "rainbow-table";

    /// <summary>Longest text.</summary>
    public const int MaxTextLength = 20;

    /// <summary>Most steps of a chain.</summary>
    public const int MaxChainLength = 10_000_000;

    /// <summary>Most tables whose reductions differ.</summary>
    public const int MaxTable = 65_535;

    private readonly HashName _hash;
    private readonly TextSpace _texts;
    private readonly Reduction _reduction;
    private readonly int _chainLength;
    private readonly ulong _chains;
    private readonly int _pieces;
    private readonly VectorPath _path;

    private RainbowTableKernel(
        HashName hash, TextSpace texts, Reduction reduction, int chainLength, ulong chains, int pieces, VectorPath path)
    {
        _hash = hash;
        _texts = texts;
        _reduction = reduction;
        _chainLength = chainLength;
        _chains = chains;
        _pieces = pieces;
        _path = path;
    }

    public static RainbowTableKernel? Create(KernelParameters parameters, TaskInfo task) => Create(parameters, task, VectorPaths.Best);

    /// <summary>The same on one of <see cref="VectorPaths.Available"/>.</summary>
    public static RainbowTableKernel? Create(KernelParameters parameters, TaskInfo task, VectorPath path)
    {
        var hash = (HashName)parameters.Choice("algorithm", HashNames.All);
        string charset = parameters.Text("charset", "the characters of the texts, such as abcdefghijklmnopqrstuvwxyz");
        int length = parameters.WholeInt32("length", 1, MaxTextLength);
        int chainLength = parameters.WholeInt32("chain-length", 1, MaxChainLength);
        ulong chains = parameters.Whole("chains", 1, ulong.MaxValue);
        int table = parameters.WholeInt32("table", 0, MaxTable, fallback: 0);
        if (parameters.Problem is not null)
        {
            return null;
        }

        if (!TextSpace.IsCharset(charset))
        {
            parameters.Refuse("charset", charset, "Use 2 to 94 different characters of ASCII, without the space.");
            return null;
        }

        if (!TextSpace.TryCreate(charset, length, out TextSpace? texts))
        {
            parameters.Refuse($"run.length: {charset.Length} characters make more than 2^63 texts of length {length}", "Write less.");
            return null;
        }

        if (chains > texts.Count)
        {
            parameters.Refuse($"run.chains: {chains} chains cannot start at {texts.Count} texts", $"Write at most {texts.Count}.");
            return null;
        }

        RefuseLongPieces(parameters, task, chains, length);
        var reduction = new Reduction(texts.Count, table);
        return new RainbowTableKernel(hash, texts, reduction, chainLength, chains, task.PieceCount, path);
    }

    public KernelOutcome Run(int piece, IOutputSink output, RunPace pace)
    {
        PieceRange range = PieceRange.Of(piece, _pieces, 0, _chains);
        using var walker = ChainWalker.Create(_hash, _texts, _reduction, _path);
        Span<ulong> texts = stackalloc ulong[walker.Lanes];
        Span<byte> line = stackalloc byte[(2 * _texts.Length) + 2];
        line[_texts.Length] = (byte)' ';
        line[^1] = (byte)'\n';
        for (ulong done = 0; done < range.Count; done += (ulong)walker.Lanes)
        {
            for (int lane = 0; lane < texts.Length; lane++)
            {
                // Lanes after the last chain walk one that nobody looks at.
                texts[lane] = Math.Min(range.First + done + (ulong)lane, _chains - 1);
            }

            if (!walker.Walk(texts, _chainLength, pace))
            {
                return KernelOutcome.Cancelled;
            }

            for (int lane = 0; lane < texts.Length && done + (ulong)lane < range.Count; lane++)
            {
                _texts.Write(range.First + done + (ulong)lane, line);
                _texts.Write(texts[lane], line[(_texts.Length + 1)..]);
                if (!output.TryWrite(line))
                {
                    return KernelOutcome.TooLong;
                }
            }
        }

        return KernelOutcome.Finished;
    }

    private static void RefuseLongPieces(KernelParameters parameters, TaskInfo task, ulong chains, int length)
    {
        ulong pieces = (ulong)task.PieceCount;
        UInt128 largest = ((UInt128)chains + pieces - 1) / pieces * (uint)((2 * length) + 2);
        if (largest > (UInt128)task.PieceLength)
        {
            parameters.Refuse(
                $"run.chains: a piece of {chains} chains in {pieces} pieces has {largest} bytes, above the piece length of "
                + $"{task.PieceLength}",
                "Use more pieces or a larger 'piece length'.");
        }
    }
}
