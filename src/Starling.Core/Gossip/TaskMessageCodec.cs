using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using Starling.Core.Bencode;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Tasks;
using Starling.Core.Verification;

namespace Starling.Core.Gossip;

/// <summary>
/// Payloads of the extended messages that a task swarm adds ↔ <see cref="TaskMessage"/>. Each is a canonical bencoded dictionary; unknown
/// keys are ignored. Lists are byte strings of records, because most of the traffic is many small ones. What is decoded owns its
/// memory: keeping one batch does not keep a frame. Signatures and hashes are not checked here.
/// </summary>
public static class TaskMessageCodec
{
    /// <summary>Name of <see cref="TaskMessage.Claims"/>.</summary>
    public const string ClaimName = "st_claim";

    /// <summary>Name of <see cref="TaskMessage.Attests"/>.</summary>
    public const string AttestName = "st_attest";

    /// <summary>Name of <see cref="TaskMessage.Held"/>.</summary>
    public const string HeldName = "st_held";

    /// <summary>Name of <see cref="TaskMessage.ProofRequest"/> and <see cref="TaskMessage.Proof"/>.</summary>
    public const string ProofName = "st_proof";

    /// <summary>Name of <see cref="TaskMessage.Found"/>.</summary>
    public const string FoundName = "st_found";

    /// <summary>Name of <see cref="TaskMessage.Stop"/>.</summary>
    public const string StopName = "st_stop";

    /// <summary>Name of <see cref="TaskMessage.Delegates"/>.</summary>
    public const string DelegateName = "st_delegate";

    /// <summary>Bytes of a payload at most.</summary>
    public const int MaxPayload = BReaderOptions.WireMaxSize;

    /// <summary>Batches of one message at most.</summary>
    public const int MaxBatches = 256;

    /// <summary>Notices of one <c>st_delegate</c> at most.</summary>
    public const int MaxDelegations = DelegationTable.MaxNotices;

    /// <summary>Results of one <c>st_held</c> at most.</summary>
    public const int MaxHeld = 4096;

    /// <summary>Log positions of one <c>st_attest</c> at most.</summary>
    public const int MaxPositions = 4096;

    /// <summary>Contradictions of one <c>st_attest</c> at most.</summary>
    public const int MaxContradictions = 32;

    /// <summary>Block hashes of one <c>st_proof</c> at most: those of the longest result.</summary>
    public const int MaxLeaves = TaskLimitsOfFormat.MaxPieceLength / MerkleTree.BlockSize;

    /// <summary>Bytes of content in one <c>st_found</c> at most.</summary>
    public const int MaxContent = 64 * 1024;

    /// <summary>Room for the dictionary around the records.</summary>
    internal const int MaxFraming = 64;

    /// <summary>The names of all messages, as the extended handshake offers them.</summary>
    public static IReadOnlyList<string> Names { get; } = [AttestName, ClaimName, DelegateName, FoundName, HeldName, ProofName, StopName];

    /// <summary>
    /// Reads the payload of extended message <paramref name="name"/>. False: the name is none of <see cref="Names"/>, or the sender broke a
    /// rule of the format.
    /// </summary>
    /// <param name="name">Which message.</param>
    /// <param name="payload">Its bytes.</param>
    /// <param name="message">What they say.</param>
    /// <param name="cache">Batches that came before; null: none are remembered.</param>
    public static bool TryDecode(
        string name, ReadOnlyMemory<byte> payload, [NotNullWhen(true)] out TaskMessage? message, BatchCache? cache = null)
    {
        message = null;
        if (!BReader.TryReadDictionary(payload, BReaderOptions.Wire, out BDictionary? root, out _))
        {
            return false;
        }

        message = name switch
        {
            ClaimName => ClaimsPayload.Read(root, cache ?? new BatchCache(1)),
            AttestName => AttestsPayload.Read(root, cache ?? new BatchCache(1)),
            HeldName => HeldPayload.Read(root),
            ProofName => ProofPayload.Read(root),
            FoundName => FoundPayload.Read(root),
            StopName => StopPayload.Read(root),
            DelegateName => DelegatesPayload.Read(root),
            _ => null,
        };
        return message is not null;
    }

    /// <summary>The name and the payload of a message; it travels in a BEP 10 extended message.</summary>
    /// <exception cref="ArgumentException">A bound is broken: a caller's bug.</exception>
    public static (string Name, byte[] Payload) Encode(TaskMessage message)
    {
        var writer = new BencodeWriter();
        return (Write(message, writer), writer.ToArray());
    }

    /// <summary>Writes the payload of a message to the end of an empty <paramref name="writer"/>; returns its name.</summary>
    /// <exception cref="ArgumentException">A bound is broken: a caller's bug.</exception>
    public static string Write(TaskMessage message, BencodeWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        string name;
        switch (message)
        {
            case TaskMessage.Claims claims:
                name = ClaimName;
                ClaimsPayload.Write(claims, writer);
                break;
            case TaskMessage.Attests attests:
                name = AttestName;
                AttestsPayload.Write(attests, writer);
                break;
            case TaskMessage.Held held:
                name = HeldName;
                HeldPayload.Write(HeldPayload.HeldKey, held.Results, writer);
                break;
            case TaskMessage.Released released:
                name = HeldName;
                HeldPayload.Write(HeldPayload.ReleasedKey, released.Results, writer);
                break;
            case TaskMessage.ProofRequest request:
                name = ProofName;
                ProofPayload.Write(request.Piece, request.Result, null, writer);
                break;
            case TaskMessage.Proof proof:
                name = ProofName;
                ProofPayload.Write(proof.Piece, proof.Result, proof.Leaves, writer);
                break;
            case TaskMessage.Found found:
                name = FoundName;
                FoundPayload.Write(found, writer);
                break;
            case TaskMessage.Stop stop:
                name = StopName;
                StopPayload.Write(stop, writer);
                break;
            case TaskMessage.Delegates delegates:
                name = DelegateName;
                DelegatesPayload.Write(delegates, writer);
                break;
            default:
                throw new ArgumentNullException(nameof(message));
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(writer.Length, MaxPayload, nameof(message));
        return name;
    }

    /// <summary>
    /// How many of <paramref name="batches"/>, from <paramref name="start"/> on, fit into one <c>st_attest</c> without positions; at least
    /// 1 unless the list ends there.
    /// </summary>
    public static int CountThatFits(IReadOnlyList<AttestationBatch> batches, int start)
    {
        ArgumentNullException.ThrowIfNull(batches);
        int count = 0;
        int size = MaxFraming;
        while (count < MaxBatches && start + count < batches.Count)
        {
            size += batches[start + count].Raw.Length + Varint.SizeOf(AttestationBatchCodec.MaxSize);
            if (size > MaxPayload)
            {
                break;
            }

            count++;
        }

        return count;
    }
}
