using System;
using Starling.Core.Primitives;

namespace Starling.Core.Crypto;

/// <summary>My Ed25519 key pair; the secret half never leaves the implementation.</summary>
public interface IIdentity
{
    /// <summary>My name in every swarm that I join under this identity.</summary>
    PublicKey PublicKey { get; }

    /// <summary>My signature over <paramref name="message"/>: 64 fresh bytes.</summary>
    byte[] Sign(ReadOnlySpan<byte> message);
}
