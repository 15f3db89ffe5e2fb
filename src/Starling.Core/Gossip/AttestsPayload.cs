using System;
using System.Buffers;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using Starling.Core.Bencode;
using Starling.Core.Primitives;

namespace Starling.Core.Gossip;

/// <summary><c>st_attest</c>: key <c>b</c>, for each batch its length and bytes; key <c>p</c>, for each log its worker, its number and the next batch wanted.</summary>
internal static class AttestsPayload
{
    private const int MaxPositionRecord = PublicKey.Size + (2 * Varint.MaxSize);
    private const int MinPositionRecord = PublicKey.Size + 2;

    public static TaskMessage.Attests? Read(BDictionary root, BatchCache cache)
    {
        List<AttestationBatch> batches = [];
        if (root["b"u8] is { } b)
        {
            if (b is not BString records)
            {
                return null;
            }

            batches = new List<AttestationBatch>(Math.Min(TaskMessageCodec.MaxBatches, 1 + (records.Bytes.Length / AttestationBatchCodec.TypicalSize)));
            ReadOnlySpan<byte> rest = records.Bytes.Span;
            while (!rest.IsEmpty)
            {
                if (batches.Count == TaskMessageCodec.MaxBatches
                    || !PayloadParts.TryReadRaw(ref rest, AttestationBatchCodec.MaxSize, out ReadOnlySpan<byte> raw)
                    || !cache.TryDecode(raw, out AttestationBatch? batch))
                {
                    return null;
                }

                batches.Add(batch);
            }
        }

        return TryReadPositions(root["p"u8], out IReadOnlyList<LogPosition>? positions) ? new TaskMessage.Attests(batches, positions) : null;
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

        writer.End();
        ArrayPool<byte>.Shared.Return(records);
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
