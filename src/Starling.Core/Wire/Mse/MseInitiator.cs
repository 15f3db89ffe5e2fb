using System;
using System.Buffers.Binary;
using Starling.Core.Primitives;

namespace Starling.Core.Wire.Mse;

/// <summary>The side that opened the connection ("A" in the specification).</summary>
public sealed class MseInitiator : MseHandshake
{
    /// <summary>Bytes of the initial payload at most: what its length field can say.</summary>
    public const int MaxInitialPayload = ushort.MaxValue;

    private readonly InfoHash _infoHash;
    private readonly MseMethods _offered;
    private readonly ReadOnlyMemory<byte> _initialPayload;
    private readonly MseRandomness _randomness;
    private readonly byte[] _hiddenVerification = new byte[VerificationSize];

    private Rc4? _encrypt;
    private Rc4? _decrypt;
    private int _searched;
    private bool _synchronized;
    private MseMethods _selected;
    private int _padSize = -1;

    /// <summary>A handshake that has not begun; send <see cref="Start"/> first.</summary>
    /// <param name="infoHash">The swarm; the responder has to serve it.</param>
    /// <param name="offered">What may be selected, at least one.</param>
    /// <param name="initialPayload">The first bytes of the payload, usually the BitTorrent handshake; at most <see cref="MaxInitialPayload"/>.</param>
    /// <param name="randomness">Fresh.</param>
    public MseInitiator(InfoHash infoHash, MseMethods offered, ReadOnlyMemory<byte> initialPayload, MseRandomness randomness)
    {
        ArgumentNullException.ThrowIfNull(randomness);
        ArgumentOutOfRangeException.ThrowIfZero((int)offered, nameof(offered));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(initialPayload.Length, MaxInitialPayload, nameof(initialPayload));
        (_infoHash, _offered, _initialPayload, _randomness) = (infoHash, offered, initialPayload, randomness);
    }

    /// <summary>The first message: the public value and PadA.</summary>
    public ReadOnlyMemory<byte> Start() => (byte[])[.. MseKeyExchange.PublicValue(_randomness.Exponent.Span), .. _randomness.ValuePad.Span];

    /// <inheritdoc/>
    private protected override ReadOnlyMemory<byte> Advance()
    {
        ReadOnlyMemory<byte> answer = ReadOnlyMemory<byte>.Empty;
        if (_encrypt is null)
        {
            if (Pending.Length < MseKeyExchange.ValueSize)
            {
                return answer;
            }

            answer = Answer();
        }

        if (Problem is null && (_synchronized || Synchronize()) && ReadSelection())
        {
            Finish();
        }

        return answer;
    }

    /// <summary>The third message: which secret, which swarm, what is offered, and the initial payload.</summary>
    private byte[] Answer()
    {
        if (!MseKeyExchange.TryAgree(_randomness.Exponent.Span, Pending[..MseKeyExchange.ValueSize], out byte[]? secret))
        {
            Fail("The peer's public value is a degenerate one");
            return [];
        }

        Consume(MseKeyExchange.ValueSize);
        _encrypt = MseKeyExchange.FromInitiator(secret, _infoHash);
        _decrypt = MseKeyExchange.FromResponder(secret, _infoHash);
        _decrypt.Process(_hiddenVerification);

        ReadOnlySpan<byte> pad = _randomness.CryptoPad.Span;
        const int Fixed = VerificationSize + 4 + 2;
        int clear = 2 * MseKeyExchange.HashSize;
        var message = new byte[clear + Fixed + pad.Length + 2 + _initialPayload.Length];
        MseKeyExchange.Req1(secret).CopyTo(message, 0);
        Span<byte> swarm = message.AsSpan(MseKeyExchange.HashSize, MseKeyExchange.HashSize);
        MseKeyExchange.Req2(_infoHash).CopyTo(swarm);
        byte[] mask = MseKeyExchange.Req3(secret);
        for (int i = 0; i < swarm.Length; i++)
        {
            swarm[i] ^= mask[i];
        }

        Span<byte> hidden = message.AsSpan(clear);
        BinaryPrimitives.WriteInt32BigEndian(hidden[VerificationSize..], (int)_offered);
        BinaryPrimitives.WriteUInt16BigEndian(hidden[(VerificationSize + 4)..], (ushort)pad.Length);
        pad.CopyTo(hidden[Fixed..]);
        BinaryPrimitives.WriteUInt16BigEndian(hidden[(Fixed + pad.Length)..], (ushort)_initialPayload.Length);
        _initialPayload.Span.CopyTo(hidden[(Fixed + pad.Length + 2)..]);
        _encrypt.Process(hidden);
        return message;
    }

    /// <summary>Searches for the hidden verification constant behind a pad of unknown length.</summary>
    private bool Synchronize()
    {
        int from = Math.Max(0, _searched - VerificationSize + 1);
        int window = Math.Min(Pending.Length, MseRandomness.MaxPadSize + VerificationSize);
        int at = Pending[from..window].IndexOf(_hiddenVerification);
        if (at >= 0)
        {
            Consume(from + at + VerificationSize);
            _synchronized = true;
            return true;
        }

        _searched = window;
        if (window == MseRandomness.MaxPadSize + VerificationSize)
        {
            Fail("The peer's answer does not hold the verification constant: it does not serve this swarm, or does not speak MSE");
        }

        return false;
    }

    private bool ReadSelection()
    {
        const int Size = 4 + 2;
        if (_padSize < 0)
        {
            if (Pending.Length < Size)
            {
                return false;
            }

            DecryptPending(_decrypt!, 0, Size);
            _selected = (MseMethods)BinaryPrimitives.ReadInt32BigEndian(Pending);
            int padSize = BinaryPrimitives.ReadUInt16BigEndian(Pending[4..]);
            if (_selected is not (MseMethods.Plaintext or MseMethods.Rc4) || (_selected & _offered) == 0)
            {
                Fail("The peer selected what was not offered");
                return false;
            }

            if (padSize > MseRandomness.MaxPadSize)
            {
                Fail($"The peer announced a pad of {padSize} bytes; the bound is {MseRandomness.MaxPadSize}");
                return false;
            }

            _padSize = padSize;
            Consume(Size);
        }

        if (Pending.Length < _padSize)
        {
            return false;
        }

        DecryptPending(_decrypt!, 0, _padSize);
        Consume(_padSize);
        return true;
    }

    private void Finish()
    {
        bool hidden = _selected == MseMethods.Rc4;
        byte[] received = TakeAll();
        if (hidden)
        {
            _decrypt!.Process(received);
        }

        Outcome = new MseOutcome(_infoHash, _selected, hidden ? _encrypt : null, hidden ? _decrypt : null, received);
    }
}
