using System;
using Starling.Core.Primitives;

namespace Starling.Core.Wire.Mse;

/// <summary>What two sides agreed on.</summary>
/// <param name="InfoHash">The swarm that the initiator named.</param>
/// <param name="Method"><see cref="MseMethods.Rc4"/> or <see cref="MseMethods.Plaintext"/>.</param>
/// <param name="Encrypt">For everything sent from now on; null: it is sent as it is.</param>
/// <param name="Decrypt">For everything that comes in from now on; null: it is taken as it is.</param>
/// <param name="Received">Clear bytes of the payload that came with the handshake: the initial payload and what followed it.</param>
public sealed record MseOutcome(InfoHash InfoHash, MseMethods Method, Rc4? Encrypt, Rc4? Decrypt, ReadOnlyMemory<byte> Received);
