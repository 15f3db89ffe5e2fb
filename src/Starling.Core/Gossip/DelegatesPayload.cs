using System;
using System.Buffers;
using System.Collections.Generic;
using Starling.Core.Bencode;

namespace Starling.Core.Gossip;

/// <summary><c>st_delegate</c>: key <c>d</c>, for each notice its size and its bytes.</summary>
internal static class DelegatesPayload
{
    private const int MaxRecord = DelegationNotice.MaxSize + 2;

    public static TaskMessage.Delegates? Read(BDictionary root)
    {
        if (!root.TryGetBytes("d"u8, TaskMessageCodec.MaxDelegations * MaxRecord, out ReadOnlyMemory<byte> records))
        {
            return null;
        }

        var notices = new List<DelegationNotice>();
        ReadOnlySpan<byte> rest = records.Span;
        while (!rest.IsEmpty)
        {
            if (notices.Count == TaskMessageCodec.MaxDelegations
                || !PayloadParts.TryReadRaw(ref rest, DelegationNotice.MaxSize, out ReadOnlySpan<byte> raw)
                || !DelegationNotice.TryDecode(raw.ToArray(), out DelegationNotice? notice))
            {
                return null;
            }

            notices.Add(notice);
        }

        return new TaskMessage.Delegates(notices);
    }

    public static void Write(TaskMessage.Delegates delegates, BencodeWriter writer)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(delegates.Notices.Count, TaskMessageCodec.MaxDelegations);
        byte[] records = ArrayPool<byte>.Shared.Rent(delegates.Notices.Count * MaxRecord);
        int used = 0;
        foreach (DelegationNotice notice in delegates.Notices)
        {
            used += PayloadParts.WriteRaw(records.AsSpan(used), notice.Raw.Span);
        }

        PayloadParts.WriteOne(writer, "d"u8, records, used);
    }
}
