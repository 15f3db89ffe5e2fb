using System;
using System.Collections.Generic;
using Starling.Core.Wire.Mse;
using Starling.Fuzz.Engine;

namespace Starling.Fuzz.Targets.Machines;

/// <summary>
/// The other side of an MSE handshake that does its arithmetic right and lies behind it. Four chunks: public value and pad, the hashes (of an initiator only), the fields
/// that are sent encrypted, and how the stream is cut. Private exponents are 1, so that the shared secret is the public value and costs nothing.
/// </summary>
internal sealed class MseScript
{
    private const int HashesSize = 2 * MseKeyExchange.HashSize;

    private readonly bool _isResponder;
    private readonly byte[] _value = MseKeyExchange.PublicValue(One);
    private readonly byte[] _hashes = new byte[HashesSize];
    private readonly byte[] _secret;
    private readonly MseRandomness _randomness = new(One, Parts.Filled(30), Parts.Filled(60));
    private readonly MseSwarmKeys _swarms = new(Parts.Swarm);
    private readonly List<byte> _stream = [];

    /// <param name="isResponder">Whether the side that is tested is the responder.</param>
    public MseScript(bool isResponder)
    {
        _isResponder = isResponder;
        MseKeyExchange.TryAgree(One, _value, out byte[]? secret);
        _secret = secret!;
        MseKeyExchange.Req1(_secret).CopyTo(_hashes, 0);
        byte[] swarm = MseKeyExchange.Req2(Parts.Swarm).ToArray();
        byte[] mask = MseKeyExchange.Req3(_secret);
        for (int i = 0; i < swarm.Length; i++)
        {
            _hashes[MseKeyExchange.HashSize + i] = (byte)(swarm[i] ^ mask[i]);
        }
    }

    private static byte[] One { get; } = [.. new byte[MseRandomness.ExponentSize - 1], 1];

    /// <summary>Offers of RC4, of plain text, with pads and initial payloads, and one that is cut off.</summary>
    public static IEnumerable<byte[]> SeedsOfInitiators()
    {
        var script = new MseScript(isResponder: true);
        byte[] fields = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 4, 9, 9, 9, 9, 0, 5, .. "hello"u8, .. "more"u8];
        yield return Script.Of([.. script._value, 1, 2, 3], script._hashes, fields, [7]);
        yield return Script.Of(script._value, script._hashes, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0], [1]);
        yield return Script.Of([.. script._value, .. Parts.Filled(512)], script._hashes, fields[..12], []);
    }

    public static IEnumerable<byte[]> SeedsOfResponders()
    {
        var script = new MseScript(isResponder: false);
        yield return Script.Of([.. script._value, 1, 2, 3], [], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 4, 9, 9, 9, 9, .. "answer"u8], [7]);
        yield return Script.Of(script._value, [], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, .. "plain"u8], [1]);
        yield return Script.Of([.. script._value, .. Parts.Filled(512)], [], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2], []);
    }

    public byte[]? Run(ReadOnlyMemory<byte> script)
    {
        int cut = Compose(script);
        byte[] stream = [.. _stream];
        string whole = Converse(stream, stream.Length);
        string inParts = Converse(stream, cut);
        FuzzFailureException.Unless(whole == inParts, $"at once: {whole}; in cuts of {cut}: {inParts}");
        return null;
    }

    /// <summary>Makes the bytes of the stream; returns how it is cut.</summary>
    private int Compose(ReadOnlyMemory<byte> script)
    {
        _stream.Clear();
        int part = 0;
        int cut = 1;
        foreach (ReadOnlyMemory<byte> chunk in new Script(script))
        {
            switch (part++)
            {
                case 0 or 1:
                    _stream.AddRange(chunk.Span);
                    break;
                case 2:
                    byte[] fields = chunk.ToArray();
                    (_isResponder ? MseKeyExchange.FromInitiator(_secret, Parts.Swarm) : MseKeyExchange.FromResponder(_secret, Parts.Swarm)).Process(fields);
                    _stream.AddRange(fields);
                    break;
                case 3 when chunk.Length > 0:
                    cut = 1 + (chunk.Span[0] % 100);
                    break;
            }
        }

        return cut;
    }

    /// <summary>How a conversation ends: the agreement with all that was received, or the problem.</summary>
    private string Converse(byte[] stream, int cut)
    {
        MseHandshake side;
        if (_isResponder)
        {
            side = new MseResponder(_swarms, MseMethods.Rc4 | MseMethods.Plaintext, _randomness);
        }
        else
        {
            var initiator = new MseInitiator(Parts.Swarm, MseMethods.Rc4 | MseMethods.Plaintext, "hello"u8.ToArray(), _randomness);
            initiator.Start();
            side = initiator;
        }

        int answered = 0;
        int at = 0;
        for (; at < stream.Length && !side.IsOver; at += cut)
        {
            answered += side.Receive(stream.AsSpan(at, Math.Min(cut, stream.Length - at))).Length;
        }

        FuzzFailureException.Unless(side.Outcome is null || side.Problem is null, "an agreement and a problem");
        if (side.Outcome is not { } outcome)
        {
            return $"{side.Problem?.Reason} {answered}";
        }

        FuzzFailureException.Unless(outcome.InfoHash == Parts.Swarm && outcome.Method is MseMethods.Rc4 or MseMethods.Plaintext, "an agreement on something else");

        // What came behind belongs to the payload.
        byte[] rest = at < stream.Length ? stream[at..] : [];
        outcome.Decrypt?.Process(rest);
        return $"{outcome.Method} {Convert.ToHexString([.. outcome.Received.Span, .. rest])} {answered}";
    }
}
