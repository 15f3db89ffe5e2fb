using System;
using System.Buffers;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using Starling.Core.Bencode;
using Starling.Core.Primitives;

namespace Starling.Core.Gossip;

/// <summary><c>st_attest</c>: key <c>b</c>, for each batch its length and bytes; key <c>p</c>, for each log its worker, its number and the next batch wanted; key <c>x</c>, pairs of batches
/// that contradict each other, each with its length.</summary>
internal static class AttestsPayload
{
    private const int MaxPositionRecord = PublicKey.Size + (2 * Varint.MaxSize);
    private const int MinPositionRecord = PublicKey.Size + 2;

    public static TaskMessage.Attests? Read(BDictionary root, BatchCache cache)
    {
        return TryReadBatches(root["b"u8], TaskMessageCodec.MaxBatches, cache, out List<AttestationBatch>? batches)
            && TryReadPositions(root["p"u8], out IReadOnlyList<LogPosition>? positions)
            && TryReadBatches(root["x"u8], 2 * TaskMessageCodec.MaxContradictions, cache, out List<AttestationBatch>? pairs)
            && pairs.Count % 2 == 0
            ? new TaskMessage.Attests(batches, positions) { Contradictions = PairsOf(pairs) }
            : null;
    }

    public static void Write(TaskMessage.Attests attests, BencodeWriter writer)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(attests.Batches.Count, TaskMessageCodec.MaxBatches);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(attests.Positions.Count, TaskMessageCodec.MaxPositions);
        int size = attests.Positions.Count * MaxPositionRecord;
        for (int i = 0; i < attests.Batches.Count; i++)
        {
            size += attests.Batches[i].Raw.Length + Varint.MaxSize;
        }

        byte[] records = ArrayPool<byte>.Shared.Rent(size);
        int used = 0;
        for (int i = 0; i < attests.Batches.Count; i++)
        {
            used += PayloadParts.WriteRaw(records.AsSpan(used), attests.Batches[i].Raw.Span);
        }

        int positionsAt = used;
        for (int i = 0; i < attests.Positions.Count; i++)
        {
            LogPosition position = attests.Positions[i];
            position.Worker.CopyTo(records.AsSpan(used));
            used += PublicKey.Size;
            used += Varint.Write(records.AsSpan(used), position.Log);
            used += Varint.Write(records.AsSpan(used), position.Next);
        }

        writer.BeginDictionary();
        if (positionsAt > 0)
        {
            writer.Bytes("b"u8, records.AsSpan(0, positionsAt));
        }

        if (used > positionsAt)
        {
            writer.Bytes("p"u8, records.AsSpan(positionsAt, used - positionsAt));
        }

        WriteContradictions(attests.Contradictions, writer);

        writer.End();
        ArrayPool<byte>.Shared.Return(records);
    }

    private static void WriteContradictions(IReadOnlyList<Contradiction> contradictions, BencodeWriter writer)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(contradictions.Count, TaskMessageCodec.MaxContradictions);
        if (contradictions.Count == 0)
        {
            return;
        }

        byte[] records = ArrayPool<byte>.Shared.Rent(contradictions.Count * 2 * (AttestationBatchCodec.MaxSize + Varint.MaxSize));
        int used = 0;
        foreach (Contradiction contradiction in contradictions)
        {
            used += PayloadParts.WriteRaw(records.AsSpan(used), contradiction.First.Raw.Span);
            used += PayloadParts.WriteRaw(records.AsSpan(used), contradiction.Second.Raw.Span);
        }

        writer.Bytes("x"u8, records.AsSpan(0, used));
        ArrayPool<byte>.Shared.Return(records);
    }

    private static bool TryReadBatches(BValue? value, int most, BatchCache cache, [NotNullWhen(true)] out List<AttestationBatch>? batches)
    {
        batches = [];
        if (value is null)
        {
            return true;
        }

        if (value is not BString records)
        {
            return false;
        }

        batches.Capacity = Math.Min(most, 1 + (records.Bytes.Length / AttestationBatchCodec.TypicalSize));
        ReadOnlySpan<byte> rest = records.Bytes.Span;
        while (!rest.IsEmpty)
        {
            if (batches.Count == most
                || !PayloadParts.TryReadRaw(ref rest, AttestationBatchCodec.MaxSize, out ReadOnlySpan<byte> raw)
                || !cache.TryDecode(raw, out AttestationBatch? batch))
            {
                return false;
            }

            batches.Add(batch);
        }

        return true;
    }

    private static Contradiction[] PairsOf(List<AttestationBatch> batches)
    {
        var pairs = new Contradiction[batches.Count / 2];
        for (int i = 0; i < pairs.Length; i++)
        {
            pairs[i] = new Contradiction(batches[2 * i], batches[(2 * i) + 1]);
        }

        return pairs;
    }

    private static bool TryReadPositions(BValue? value, [NotNullWhen(true)] out IReadOnlyList<LogPosition>? positions)
    {
        positions = null;
        if (value is null)
        {
            positions = [];
            return true;
        }

        if (value is not BString records || records.Bytes.Length > TaskMessageCodec.MaxPositions * MaxPositionRecord)
        {
            return false;
        }

        ReadOnlySpan<byte> rest = records.Bytes.Span;
        var read = new List<LogPosition>(Math.Min(TaskMessageCodec.MaxPositions, 1 + (rest.Length / MinPositionRecord)));
        while (!rest.IsEmpty)
        {
            if (read.Count == TaskMessageCodec.MaxPositions || rest.Length < MinPositionRecord)
            {
                return false;
            }

            var worker = new PublicKey(rest);
            rest = rest[PublicKey.Size..];
            if (!Varint.TryRead(ref rest, long.MaxValue, out long log) || !Varint.TryRead(ref rest, int.MaxValue, out long next))
            {
                return false;
            }

            read.Add(new LogPosition(worker, log, (int)next));
        }

        positions = read;
        return true;
    }
}
