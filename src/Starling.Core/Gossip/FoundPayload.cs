using System;
using Starling.Core.Bencode;
using Starling.Core.Tasks;

namespace Starling.Core.Gossip;

/// <summary><c>st_found</c>: batch <c>b</c>, content <c>c</c>, piece <c>p</c>.</summary>
internal static class FoundPayload
{
    public static TaskMessage.Found? Read(BDictionary root)
    {
        if (!root.TryGetBytes("b"u8, AttestationBatchCodec.MaxSize, out ReadOnlyMemory<byte> raw)
            || !root.TryGetBytes("c"u8, TaskMessageCodec.MaxContent, out ReadOnlyMemory<byte> content)
            || !root.TryGetInteger("p"u8, 0, TaskLimitsOfFormat.MaxPieces - 1, out long piece)
            || !AttestationBatchCodec.TryDecode(raw.ToArray(), out AttestationBatch? batch)
            || !Attests(batch, (int)piece, content.Length))
        {
            return null;
        }

        return new TaskMessage.Found(batch, (int)piece, content.ToArray());
    }

    public static void Write(TaskMessage.Found found, BencodeWriter writer)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(found.Content.Length, TaskMessageCodec.MaxContent);
        if (!Attests(found.Batch, found.Piece, found.Content.Length))
        {
            throw new ArgumentException($"The batch does not attest {found.Content.Length} bytes of piece {found.Piece}.", nameof(found));
        }

        writer.BeginDictionary();
        writer.Bytes("b"u8, found.Batch.Raw.Span);
        writer.Bytes("c"u8, found.Content.Span);
        writer.Integer("p"u8, found.Piece);
        writer.End();
    }

    private static bool Attests(AttestationBatch batch, int piece, int length)
    {
        for (int i = 0; i < batch.Entries.Count; i++)
        {
            if (batch.Entries[i].Piece == piece)
            {
                return batch.Entries[i].Result.Length == length;
            }
        }

        return false;
    }
}
