using System;
using System.Buffers.Binary;
using Starling.Core.Primitives;

namespace Starling.Core.Wire.Mse;

/// <summary>The side that was connected to ("B" in the specification).</summary>
public sealed class MseResponder : MseHandshake
{
    private enum Stage
    {
        Value,
        Secret,
        Swarm,
        Offer,
        Pad,
        InitialPayload,
    }

    private const int OfferSize = VerificationSize + 4 + 2;

    private readonly MseSwarmKeys _swarms;
    private readonly MseMethods _accepted;
    private readonly MseRandomness _randomness;

    private Stage _stage;
    private byte[] _secret = [];
    private byte[] _req1 = [];
    private int _searched;
    private InfoHash _infoHash;
    private Rc4? _encrypt;
    private Rc4? _decrypt;
    private MseMethods _selected;
    private int _padSize;
    private int _initialSize = -1;

    /// <summary>A handshake that waits for the initiator's public value.</summary>
    /// <param name="swarms">The swarms served here; one of them has to be named.</param>
    /// <param name="accepted">What may be selected, at least one; RC4 is preferred.</param>
    /// <param name="randomness">Fresh.</param>
    public MseResponder(MseSwarmKeys swarms, MseMethods accepted, MseRandomness randomness)
    {
        ArgumentNullException.ThrowIfNull(swarms);
        ArgumentNullException.ThrowIfNull(randomness);
        ArgumentOutOfRangeException.ThrowIfZero((int)accepted, nameof(accepted));
        (_swarms, _accepted, _randomness) = (swarms, accepted, randomness);
    }

    /// <summary>Whether it failed because the peer named a swarm that is none of those served: nothing is wrong with the peer.</summary>
    public bool WantsUnknownSwarm { get; private set; }

    /// <inheritdoc/>
    private protected override ReadOnlyMemory<byte> Advance()
    {
        ReadOnlyMemory<byte> answer = ReadOnlyMemory<byte>.Empty;
        Stage before;
        do
        {
            before = _stage;
            answer = _stage switch
            {
                Stage.Value => Agree(),
                Stage.Secret => Synchronize(answer),
                Stage.Swarm => FindSwarm(answer),
                Stage.Offer => ReadOffer(answer),
                Stage.Pad => Select(answer),
                _ => ReadInitialPayload(answer),
            };
        }
        while (_stage != before && !IsOver);

        return answer;
    }

    /// <summary>The second message: the public value and PadB.</summary>
    private ReadOnlyMemory<byte> Agree()
    {
        if (Pending.Length < MseKeyExchange.ValueSize)
        {
            return ReadOnlyMemory<byte>.Empty;
        }

        if (!MseKeyExchange.TryAgree(_randomness.Exponent.Span, Pending[..MseKeyExchange.ValueSize], out byte[]? secret))
        {
            Fail("The peer's public value is a degenerate one");
            return ReadOnlyMemory<byte>.Empty;
        }

        Consume(MseKeyExchange.ValueSize);
        _secret = secret;
        _req1 = MseKeyExchange.Req1(secret);
        _stage = Stage.Secret;
        return (byte[])[.. MseKeyExchange.PublicValue(_randomness.Exponent.Span), .. _randomness.ValuePad.Span];
    }

    /// <summary>Searches for the hash of the secret behind a pad of unknown length.</summary>
    private ReadOnlyMemory<byte> Synchronize(ReadOnlyMemory<byte> answer)
    {
        int from = Math.Max(0, _searched - MseKeyExchange.HashSize + 1);
        int window = Math.Min(Pending.Length, MseRandomness.MaxPadSize + MseKeyExchange.HashSize);
        int at = Pending[from..window].IndexOf(_req1);
        if (at >= 0)
        {
            Consume(from + at + MseKeyExchange.HashSize);
            _stage = Stage.Swarm;
            return answer;
        }

        _searched = window;
        if (window == MseRandomness.MaxPadSize + MseKeyExchange.HashSize)
        {
            Fail("Neither TLS nor BitTorrent, plain or encrypted");
        }

        return answer;
    }

    private ReadOnlyMemory<byte> FindSwarm(ReadOnlyMemory<byte> answer)
    {
        if (Pending.Length < MseKeyExchange.HashSize)
        {
            return answer;
        }

        Span<byte> req2 = stackalloc byte[MseKeyExchange.HashSize];
        byte[] mask = MseKeyExchange.Req3(_secret);
        for (int i = 0; i < req2.Length; i++)
        {
            req2[i] = (byte)(Pending[i] ^ mask[i]);
        }

        Consume(MseKeyExchange.HashSize);
        if (!_swarms.TryFind(new InfoHash(req2), out _infoHash))
        {
            WantsUnknownSwarm = true;
            Fail("The peer wants a swarm that is not served here");
            return answer;
        }

        _decrypt = MseKeyExchange.FromInitiator(_secret, _infoHash);
        _encrypt = MseKeyExchange.FromResponder(_secret, _infoHash);
        _stage = Stage.Offer;
        return answer;
    }

    private ReadOnlyMemory<byte> ReadOffer(ReadOnlyMemory<byte> answer)
    {
        if (Pending.Length < OfferSize)
        {
            return answer;
        }

        DecryptPending(_decrypt!, 0, OfferSize);
        _selected = MsePolicyRules.Select((MseMethods)BinaryPrimitives.ReadInt32BigEndian(Pending[VerificationSize..]), _accepted);
        _padSize = BinaryPrimitives.ReadUInt16BigEndian(Pending[(VerificationSize + 4)..]);
        if (BinaryPrimitives.ReadUInt64BigEndian(Pending) != 0)
        {
            Fail("The peer's message does not hold the verification constant");
        }
        else if (_selected == MseMethods.None)
        {
            Fail(_accepted == MseMethods.Rc4 ? "The peer does not offer encryption, and it is required here" : "The peer offers no method known here");
        }
        else if (_padSize > MseRandomness.MaxPadSize)
        {
            Fail($"The peer announced a pad of {_padSize} bytes; the bound is {MseRandomness.MaxPadSize}");
        }
        else
        {
            Consume(OfferSize);
            _stage = Stage.Pad;
        }

        return answer;
    }

    /// <summary>The fourth message, once PadC and the length of the initial payload are there.</summary>
    private ReadOnlyMemory<byte> Select(ReadOnlyMemory<byte> answer)
    {
        if (Pending.Length < _padSize + 2)
        {
            return answer;
        }

        DecryptPending(_decrypt!, 0, _padSize + 2);
        _initialSize = BinaryPrimitives.ReadUInt16BigEndian(Pending[_padSize..]);
        Consume(_padSize + 2);
        _stage = Stage.InitialPayload;

        ReadOnlySpan<byte> pad = _randomness.CryptoPad.Span;
        var message = new byte[OfferSize + pad.Length];
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(VerificationSize), (int)_selected);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(VerificationSize + 4), (ushort)pad.Length);
        pad.CopyTo(message.AsSpan(OfferSize));
        _encrypt!.Process(message);
        return answer.IsEmpty ? message : (byte[])[.. answer.Span, .. message];
    }

    /// <summary>The initial payload is encrypted whatever was selected; what comes behind it only with RC4.</summary>
    private ReadOnlyMemory<byte> ReadInitialPayload(ReadOnlyMemory<byte> answer)
    {
        if (Pending.Length < _initialSize)
        {
            return answer;
        }

        bool hidden = _selected == MseMethods.Rc4;
        DecryptPending(_decrypt!, 0, hidden ? Pending.Length : _initialSize);
        Outcome = new MseOutcome(_infoHash, _selected, hidden ? _encrypt : null, hidden ? _decrypt : null, TakeAll());
        return answer;
    }
}
