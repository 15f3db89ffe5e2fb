using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using Starling.Core.Crypto;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Core.Gossip;

/// <summary>
/// The signed bytes of an <see cref="AttestationBatch"/>: key (32), log, sequence, kind (0 results, 1 seals, 2 openings), length and text of the environment class,
/// number of entries, for each the gap to the piece before and then, for a result, the length and the root (32; absent when the length is 0); for a seal its
/// commitment (32); for an opening the result, the salt (32), the number of seals witnessed and those (32 each); signature (64). Numbers are
/// <see cref="Varint"/>s. Every accepted byte string is the only encoding of its batch.
/// </summary>
public static class AttestationBatchCodec
{
    /// <summary>Bytes of a batch at most.</summary>
    public const int MaxSize = Overhead + (4 * Varint.MaxSize) + 1 + AttestationBatch.MaxEnvironmentClassLength
        + (AttestationBatch.MaxSealedEntries * (ResultRecord.MaxSizeWithPiece + Hash256.Size + 1 + (Opening.MaxWitnessed * Hash256.Size)));

    /// <summary>Bytes of a batch of one attestation without an environment class, about.</summary>
    internal const int TypicalSize = 140;

    private const int Overhead = PublicKey.Size + ISignatureVerifier.SignatureSize;

    private static ReadOnlySpan<byte> Domain => "starling-attest-1"u8;

    private const byte Results = 0;
    private const byte Sealing = 1;
    private const byte Opened = 2;

    /// <summary>A batch of mine.</summary>
    /// <exception cref="ArgumentException">
    /// No or too many entries, pieces that are not ascending, a result that can't be, or a class that is not printable ASCII: a caller's bug.
    /// </exception>
    public static AttestationBatch Sign(
        IIdentity identity, Hash256 taskId, long log, int sequence, string environmentClass, IReadOnlyList<Attestation> entries) =>
        Sign(identity, taskId, new AttestationBatch
        {
            Worker = default,
            Log = log,
            Sequence = sequence,
            EnvironmentClass = environmentClass,
            Entries = entries,
            Raw = default,
        });

    /// <summary>A batch of mine, of any kind: <paramref name="draft"/> with my key and its bytes.</summary>
    /// <exception cref="ArgumentException">As for results.</exception>
    public static AttestationBatch Sign(IIdentity identity, Hash256 taskId, AttestationBatch draft)
    {
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentNullException.ThrowIfNull(draft);
        ArgumentNullException.ThrowIfNull(draft.EnvironmentClass);
        ArgumentOutOfRangeException.ThrowIfNegative(draft.Log);
        ArgumentOutOfRangeException.ThrowIfNegative(draft.Sequence);
        byte kind = draft.Seals.Count > 0 ? Sealing : draft.Openings.Count > 0 ? Opened : Results;
        int count = kind == Sealing ? draft.Seals.Count : draft.Entries.Count;
        ArgumentOutOfRangeException.ThrowIfZero(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MaxEntriesOf(kind));

        PublicKey key = identity.PublicKey;
        Span<byte> bytes = stackalloc byte[MaxSize];
        key.CopyTo(bytes);
        int used = PublicKey.Size;
        used += Varint.Write(bytes[used..], draft.Log);
        used += Varint.Write(bytes[used..], draft.Sequence);
        bytes[used++] = kind;
        used += Varint.Write(bytes[used..], draft.EnvironmentClass.Length);
        used += EnvironmentClassText.Write(bytes[used..], draft.EnvironmentClass);
        used += Varint.Write(bytes[used..], count);
        int next = 0;
        for (int i = 0; i < count; i++)
        {
            int piece = kind == Sealing ? draft.Seals[i].Piece : draft.Entries[i].Piece;
            PieceOrder.ThrowUnlessAscending(piece, next, nameof(draft));
            used += Varint.Write(bytes[used..], piece - next);
            used += kind == Sealing ? WriteHash(bytes[used..], draft.Seals[i].Commitment) : ResultRecord.Write(bytes[used..], draft.Entries[i].Result);
            used += kind == Opened ? WriteOpening(bytes[used..], draft.Openings[i]) : 0;
            next = piece + 1;
        }

        byte[] raw = bytes[..(used + ISignatureVerifier.SignatureSize)].ToArray();
        BatchSignature.Sign(identity, Domain, taskId, raw);
        return draft with { Worker = key, Entries = [.. draft.Entries], Raw = raw };
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
            || !Varint.TryRead(ref body, Opened, out long kind)
            || !Varint.TryRead(ref body, AttestationBatch.MaxEnvironmentClassLength, out long classLength)
            || classLength > body.Length
            || !EnvironmentClassText.TryRead(body[..(int)classLength], out string? environmentClass))
        {
            return false;
        }

        body = body[(int)classLength..];
        if (!Varint.TryRead(ref body, MaxEntriesOf((byte)kind), out long count)
            || count == 0
            || count * ResultRecord.MinSizeWithPiece > body.Length)
        {
            return false;
        }

        var entries = new Attestation[kind == Sealing ? 0 : count];
        var seals = new Seal[kind == Sealing ? count : 0];
        var openings = new Opening[kind == Opened ? count : 0];
        long next = 0;
        for (int i = 0; i < count; i++)
        {
            if (!Varint.TryRead(ref body, TaskLimitsOfFormat.MaxPieces - 1 - next, out long gap))
            {
                return false;
            }

            int piece = (int)(next + gap);
            next = piece + 1;
            if (kind == Sealing)
            {
                if (!TryReadHash(ref body, out Hash256 commitment))
                {
                    return false;
                }

                seals[i] = new Seal(piece, commitment);
                continue;
            }

            if (!ResultRecord.TryRead(ref body, out ResultId result) || (kind == Opened && !TryReadOpening(ref body, out openings[i])))
            {
                return false;
            }

            entries[i] = new Attestation(piece, result);
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
            Seals = seals,
            Openings = openings,
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

    private static int MaxEntriesOf(byte kind) => kind == Results ? AttestationBatch.MaxEntries : AttestationBatch.MaxSealedEntries;

    private static int WriteHash(Span<byte> bytes, Hash256 hash)
    {
        hash.CopyTo(bytes);
        return Hash256.Size;
    }

    private static int WriteOpening(Span<byte> bytes, Opening opening)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(opening.Witnessed.Count, Opening.MaxWitnessed);
        int used = WriteHash(bytes, opening.Salt);
        bytes[used++] = (byte)opening.Witnessed.Count;
        for (int i = 0; i < opening.Witnessed.Count; i++)
        {
            used += WriteHash(bytes[used..], opening.Witnessed[i]);
        }

        return used;
    }

    private static bool TryReadHash(ref ReadOnlySpan<byte> body, out Hash256 hash)
    {
        hash = default;
        if (body.Length < Hash256.Size)
        {
            return false;
        }

        hash = new Hash256(body);
        body = body[Hash256.Size..];
        return true;
    }

    private static bool TryReadOpening(ref ReadOnlySpan<byte> body, out Opening opening)
    {
        opening = null!;
        if (!TryReadHash(ref body, out Hash256 salt) || !Varint.TryRead(ref body, Opening.MaxWitnessed, out long count))
        {
            return false;
        }

        var witnessed = new Hash256[count];
        for (int i = 0; i < witnessed.Length; i++)
        {
            if (!TryReadHash(ref body, out witnessed[i]))
            {
                return false;
            }
        }

        opening = new Opening(salt, witnessed);
        return true;
    }
}
