using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using Starling.Core.Crypto;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Core.Gossip;

/// <summary>
/// The signed bytes of an <see cref="AttestationBatch"/>: key (32), log, sequence, length and text of the environment class, number of entries, for each
/// the gap to the piece before, the length, the root (32; absent when the length is 0), signature (64). Numbers are <see cref="Varint"/>s.
/// Every accepted byte string is the only encoding of its batch.
/// </summary>
public static class AttestationBatchCodec
{
    /// <summary>Bytes of a batch at most.</summary>
    public const int MaxSize = Overhead + (4 * Varint.MaxSize) + AttestationBatch.MaxEnvironmentClassLength
        + (AttestationBatch.MaxEntries * ResultRecord.MaxSizeWithPiece);

    /// <summary>Bytes of a batch of one attestation without an environment class, about.</summary>
    internal const int TypicalSize = 140;

    private const int Overhead = PublicKey.Size + ISignatureVerifier.SignatureSize;

    private static ReadOnlySpan<byte> Domain => "starling-attest-1"u8;

    /// <summary>A batch of mine.</summary>
    /// <exception cref="ArgumentException">
    /// No or too many entries, pieces that are not ascending, a result that can't be, or a class that is not printable ASCII: a caller's bug.
    /// </exception>
    public static AttestationBatch Sign(
        IIdentity identity, Hash256 taskId, long log, int sequence, string environmentClass, IReadOnlyList<Attestation> entries)
    {
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentNullException.ThrowIfNull(environmentClass);
        ArgumentNullException.ThrowIfNull(entries);
        ArgumentOutOfRangeException.ThrowIfNegative(log);
        ArgumentOutOfRangeException.ThrowIfNegative(sequence);
        ArgumentOutOfRangeException.ThrowIfZero(entries.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(entries.Count, AttestationBatch.MaxEntries);

        PublicKey key = identity.PublicKey;
        Span<byte> bytes = stackalloc byte[MaxSize];
        key.CopyTo(bytes);
        int used = PublicKey.Size;
        used += Varint.Write(bytes[used..], log);
        used += Varint.Write(bytes[used..], sequence);
        used += Varint.Write(bytes[used..], environmentClass.Length);
        used += EnvironmentClassText.Write(bytes[used..], environmentClass);
        used += Varint.Write(bytes[used..], entries.Count);
        var kept = new Attestation[entries.Count];
        int next = 0;
        for (int i = 0; i < kept.Length; i++)
        {
            kept[i] = entries[i];
            PieceOrder.ThrowUnlessAscending(kept[i].Piece, next, nameof(entries));
            used += Varint.Write(bytes[used..], kept[i].Piece - next);
            used += ResultRecord.Write(bytes[used..], kept[i].Result);
            next = kept[i].Piece + 1;
        }

        byte[] raw = bytes[..(used + ISignatureVerifier.SignatureSize)].ToArray();
        BatchSignature.Sign(identity, Domain, taskId, raw);
        return new AttestationBatch
        {
            Worker = key,
            Log = log,
            Sequence = sequence,
            EnvironmentClass = environmentClass,
            Entries = kept,
            Raw = raw,
        };
    }

    /// <summary>
    /// Reads the structure; whether the signature is right says <see cref="Verify"/>. The batch refers to <paramref name="raw"/>. False: not
    /// in canonical form, or a bound is broken.
    /// </summary>
    public static bool TryDecode(ReadOnlyMemory<byte> raw, [NotNullWhen(true)] out AttestationBatch? batch)
    {
        batch = null;
        if (raw.Length is < Overhead or > MaxSize)
        {
            return false;
        }

        ReadOnlySpan<byte> body = raw.Span[PublicKey.Size..^ISignatureVerifier.SignatureSize];
        if (!Varint.TryRead(ref body, long.MaxValue, out long log)
            || !Varint.TryRead(ref body, int.MaxValue, out long sequence)
            || !Varint.TryRead(ref body, AttestationBatch.MaxEnvironmentClassLength, out long classLength)
            || classLength > body.Length
            || !EnvironmentClassText.TryRead(body[..(int)classLength], out string? environmentClass))
        {
            return false;
        }

        body = body[(int)classLength..];
        if (!Varint.TryRead(ref body, AttestationBatch.MaxEntries, out long count)
            || count == 0
            || count * ResultRecord.MinSizeWithPiece > body.Length)
        {
            return false;
        }

        var entries = new Attestation[count];
        long next = 0;
        for (int i = 0; i < entries.Length; i++)
        {
            if (!Varint.TryRead(ref body, TaskLimitsOfFormat.MaxPieces - 1 - next, out long gap)
                || !ResultRecord.TryRead(ref body, out ResultId result))
            {
                return false;
            }

            entries[i] = new Attestation((int)(next + gap), result);
            next += gap + 1;
        }

        if (!body.IsEmpty)
        {
            return false;
        }

        batch = new AttestationBatch
        {
            Worker = new PublicKey(raw.Span),
            Log = log,
            Sequence = (int)sequence,
            EnvironmentClass = environmentClass,
            Entries = entries,
            Raw = raw,
        };
        return true;
    }

    /// <summary>Whether the batch is its worker's, for this task.</summary>
    public static bool Verify(AttestationBatch batch, Hash256 taskId, ISignatureVerifier verifier)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(verifier);
        return BatchSignature.Verify(batch.Worker, Domain, taskId, batch.Raw.Span, verifier);
    }
}
