using System;
using Starling.Core.Crypto;
using Starling.Core.Primitives;

namespace Starling.Core.Gossip;

/// <summary>
/// The signature in the last 64 bytes of a batch: over a domain tag of fixed length, the task id, and all bytes of the batch before the
/// signature (the signer's key first). So a batch counts for one task and one kind only.
/// </summary>
internal static class BatchSignature
{
    private const int MaxOnStack = 1024;

    public static void Sign(IIdentity identity, ReadOnlySpan<byte> domain, Hash256 taskId, Span<byte> batch)
    {
        int size = MessageSize(domain, batch.Length);
        Span<byte> message = size <= MaxOnStack ? stackalloc byte[size] : new byte[size];
        Compose(message, domain, taskId, batch);
        byte[] signature = identity.Sign(message);
        signature.CopyTo(batch[^ISignatureVerifier.SignatureSize..]);
    }

    public static bool Verify(in PublicKey signer, ReadOnlySpan<byte> domain, Hash256 taskId, ReadOnlySpan<byte> batch, ISignatureVerifier verifier)
    {
        int size = MessageSize(domain, batch.Length);
        Span<byte> message = size <= MaxOnStack ? stackalloc byte[size] : new byte[size];
        Compose(message, domain, taskId, batch);
        return verifier.Verify(signer, message, batch[^ISignatureVerifier.SignatureSize..]);
    }

    private static int MessageSize(ReadOnlySpan<byte> domain, int batchLength) =>
        domain.Length + Hash256.Size + batchLength - ISignatureVerifier.SignatureSize;

    private static void Compose(Span<byte> message, ReadOnlySpan<byte> domain, Hash256 taskId, ReadOnlySpan<byte> batch)
    {
        domain.CopyTo(message);
        taskId.CopyTo(message[domain.Length..]);
        batch[..^ISignatureVerifier.SignatureSize].CopyTo(message[(domain.Length + Hash256.Size)..]);
    }
}
