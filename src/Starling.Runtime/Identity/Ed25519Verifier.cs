using System;
using System.Buffers;
using Org.BouncyCastle.Math.EC.Rfc8032;
using Starling.Core.Crypto;
using Starling.Core.Primitives;

namespace Starling.Runtime.Identity;

/// <summary>
/// Ed25519 verification (RFC 8032, section 5.1.7) over Portable.BouncyCastle, on its curve functions directly: no key objects are
/// made, and the message is copied once into a pooled array because the library takes arrays. Safe from every thread.
/// </summary>
public sealed class Ed25519Verifier : ISignatureVerifier
{
    /// <inheritdoc/>
    public bool Verify(in PublicKey key, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != ISignatureVerifier.SignatureSize)
        {
            return false;
        }

        // One array: signature, key, message.
        const int keyOffset = ISignatureVerifier.SignatureSize;
        const int messageOffset = keyOffset + PublicKey.Size;
        if (message.Length > Array.MaxLength - messageOffset)
        {
            return false;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(messageOffset + message.Length);
        try
        {
            signature.CopyTo(buffer);
            key.CopyTo(buffer.AsSpan(keyOffset));
            message.CopyTo(buffer.AsSpan(messageOffset));
            return Ed25519.Verify(buffer, 0, buffer, keyOffset, buffer, messageOffset, message.Length);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
