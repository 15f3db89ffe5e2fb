using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using Starling.Core.Crypto;
using Starling.Core.Primitives;
using Starling.Core.Tasks;

namespace Starling.Core.Gossip;

/// <summary>
/// The signed bytes of a <see cref="ClaimBatch"/>, about 110 for one claim: key (32), sequence, number of claims, for each claim the gap to the
/// piece before, elapsed and expected milliseconds (all <see cref="Varint"/>), signature (64). Every accepted byte string is the only
/// encoding of its batch.
/// </summary>
public static class ClaimBatchCodec
{
    /// <summary>Milliseconds of an elapsed or expected time at most (about 34 years).</summary>
    public const long MaxSpanMs = (1L << 40) - 1;

    /// <summary>Bytes of a batch at most.</summary>
    public const int MaxSize = Overhead + (2 * Varint.MaxSize) + (ClaimBatch.MaxClaims * MaxClaimSize);

    /// <summary>Bytes of a batch of one claim, about.</summary>
    internal const int TypicalSize = 126;

    private const int Overhead = PublicKey.Size + ISignatureVerifier.SignatureSize;
    private const int MaxClaimSize = 4 + 6 + 6;
    private const int MinClaimSize = 3;

    private static ReadOnlySpan<byte> Domain => "starling-claim-1"u8;

    /// <summary>A batch of mine. Times are cut to whole milliseconds within 0..<see cref="MaxSpanMs"/>, as the receiver will read them.</summary>
    /// <exception cref="ArgumentException">Too many claims, or pieces that are not ascending or out of range: a caller's bug.</exception>
    public static ClaimBatch Sign(IIdentity identity, Hash256 taskId, long sequence, IReadOnlyList<Claim> claims)
    {
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentNullException.ThrowIfNull(claims);
        ArgumentOutOfRangeException.ThrowIfNegative(sequence);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(claims.Count, ClaimBatch.MaxClaims);

        PublicKey key = identity.PublicKey;
        Span<byte> bytes = stackalloc byte[MaxSize];
        key.CopyTo(bytes);
        int used = PublicKey.Size;
        used += Varint.Write(bytes[used..], sequence);
        used += Varint.Write(bytes[used..], claims.Count);
        var kept = new Claim[claims.Count];
        int next = 0;
        for (int i = 0; i < kept.Length; i++)
        {
            Claim claim = claims[i];
            PieceOrder.ThrowUnlessAscending(claim.Piece, next, nameof(claims));
            long elapsedMs = WholeMs(claim.Elapsed);
            long expectedMs = WholeMs(claim.Expected);
            used += Varint.Write(bytes[used..], claim.Piece - next);
            used += Varint.Write(bytes[used..], elapsedMs);
            used += Varint.Write(bytes[used..], expectedMs);
            kept[i] = new Claim(claim.Piece, FromMs(elapsedMs), FromMs(expectedMs));
            next = claim.Piece + 1;
        }

        byte[] raw = bytes[..(used + ISignatureVerifier.SignatureSize)].ToArray();
        BatchSignature.Sign(identity, Domain, taskId, raw);
        return new ClaimBatch { Worker = key, Sequence = sequence, Claims = kept, Raw = raw };
    }

    /// <summary>
    /// Reads the structure; whether the signature is right says <see cref="Verify"/>. The batch refers to <paramref name="raw"/>. False: not
    /// in canonical form, or a bound is broken.
    /// </summary>
    public static bool TryDecode(ReadOnlyMemory<byte> raw, [NotNullWhen(true)] out ClaimBatch? batch)
    {
        batch = null;
        if (raw.Length is < Overhead or > MaxSize)
        {
            return false;
        }

        ReadOnlySpan<byte> body = raw.Span[PublicKey.Size..^ISignatureVerifier.SignatureSize];
        if (!Varint.TryRead(ref body, long.MaxValue, out long sequence)
            || !Varint.TryRead(ref body, ClaimBatch.MaxClaims, out long count)
            || count * MinClaimSize > body.Length)
        {
            return false;
        }

        Claim[] claims = count == 0 ? [] : new Claim[count];
        long next = 0;
        for (int i = 0; i < claims.Length; i++)
        {
            if (!Varint.TryRead(ref body, TaskLimitsOfFormat.MaxPieces - 1 - next, out long gap)
                || !Varint.TryRead(ref body, MaxSpanMs, out long elapsedMs)
                || !Varint.TryRead(ref body, MaxSpanMs, out long expectedMs))
            {
                return false;
            }

            claims[i] = new Claim((int)(next + gap), FromMs(elapsedMs), FromMs(expectedMs));
            next += gap + 1;
        }

        if (!body.IsEmpty)
        {
            return false;
        }

        batch = new ClaimBatch { Worker = new PublicKey(raw.Span), Sequence = sequence, Claims = claims, Raw = raw };
        return true;
    }

    /// <summary>Whether the batch is its worker's, for this task.</summary>
    public static bool Verify(ClaimBatch batch, Hash256 taskId, ISignatureVerifier verifier)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(verifier);
        return BatchSignature.Verify(batch.Worker, Domain, taskId, batch.Raw.Span, verifier);
    }

    private static long WholeMs(TimeSpan span) => Math.Clamp(span.Ticks / TimeSpan.TicksPerMillisecond, 0, MaxSpanMs);

    private static TimeSpan FromMs(long ms) => new(ms * TimeSpan.TicksPerMillisecond);
}
