using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Starling.Core.Dht;
using Starling.Core.Dht.Krpc;
using Starling.Core.Primitives;
using Starling.Fuzz.Engine;

namespace Starling.Fuzz.Targets.Machines;

/// <summary>
/// A node of both DHTs that knows eight others, all hostile, who see what is sent to them. The first byte of a chunk says what happens: 0 a bare datagram, 1 an answer
/// to a question that is open (the chunk holds what stands under <c>r</c>), 2 time passes, 3 the owner asks for something, 4 a refusal of a question that is open.
/// In datagrams eight bytes <c>T</c> are replaced by the token that the sender was given last.
/// </summary>
internal sealed class DhtScript
{
    private const int MaxTicksAtOnce = 64;

    /// <summary>Wakes of one script: a clock that runs for ever would test nothing more.</summary>
    private const int MaxWakes = 80;
    private const int MaxDatagram = 1500;

    private static readonly byte[] Saved = new SavedTable
    {
        Id = NodeId.Of(Parts.Swarm),
        Id6 = NodeId.Of(Parts.Swarm),
        Nodes = [.. Enumerable.Range(0, 8).Select(i => new DhtContact(NodeId.Of(InfoHash.Of(Hash256.Of([(byte)i]))), At(i)))],
        Nodes6 = [.. Enumerable.Range(0, 4).Select(i => new DhtContact(NodeId.Of(InfoHash.Of(Hash256.Of([(byte)i]))), At(i + 128)))],
    }.Encode();

    private readonly SealIdentity _verifier = new(3);
    private readonly Queue<(PeerAddress To, byte[] Transaction)> _open = new();
    private byte[] _token = Parts.Filled(8);
    private DhtNode _node = null!;
    private Instant _now;
    private int _wakes;
    private int _sent;

    public static IEnumerable<byte[]> Seeds()
    {
        byte[][] messages = [.. DhtTargets.Messages()];
        byte[][] replies = [.. messages.Select(Values).OfType<byte[]>().Select(values => (byte[])[1, 0, .. values])];
        byte[] time = [2, 0, 200];
        yield return Script.Of([[3, 0, 1], .. replies.SelectMany(reply => new[] { reply, time })]);
        yield return Script.Of([[3, 1, 1], time, .. replies, time, [3, 2, 9], time, .. replies]);
        yield return Script.Of([.. messages.Select((message, i) => (byte[])[0, (byte)i, .. message]), time]);
        yield return Script.Of([.. messages.Select((message, i) => (byte[])[0, 3, .. WithToken(message)]), [3, 0, 0], [4, 1], [2, 0xFF, 0xFF]]);
        yield return Script.Of([3, 3, 7], replies[0], [2, 0x40, 0], [3, 4, 0], replies[1], [2, 0x40, 0], replies[2], [3, 5, 0]);
    }

    public byte[]? Run(ReadOnlyMemory<byte> script)
    {
        _open.Clear();
        _sent = 0;
        _now = Instant.FromSeconds(1);
        _wakes = 0;
        _node = new DhtNode(new DhtOptions { Secret = Parts.Filled(16), Saved = Saved }, _verifier, 1);
        Collect();
        Pass(TimeSpan.FromMilliseconds(100));
        foreach (ReadOnlyMemory<byte> chunk in new Script(script))
        {
            if (!chunk.IsEmpty)
            {
                Do(chunk.Span[0], chunk.Span[1..]);
                Collect();
                foreach ((string name, long count, long bound) in _node.Tables())
                {
                    FuzzFailureException.Unless(count <= bound, $"{name}: {count}, the bound is {bound}");
                }
            }
        }

        Pass(TimeSpan.FromSeconds(10));
        FuzzFailureException.Unless(SavedTable.TryDecode(_node.Save(), out _), "its table can't be read again");
        return null;
    }

    private static PeerAddress At(int number) => number < 128
        ? Parts.Address($"50.{number}.1.1:6881")
        : Parts.Address($"[2001:db9:{number:x}::1]:6881");

    /// <summary>The dictionary under <c>r</c> of a message that has one.</summary>
    private static byte[]? Values(byte[] message)
    {
        int start = message.AsSpan().IndexOf("1:rd"u8);
        int end = message.AsSpan().LastIndexOf("1:t"u8);
        return start < 0 ? null : message[(start + 3)..end];
    }

    private static byte[] WithToken(byte[] message) => Encoding.Latin1.GetBytes(
        Encoding.Latin1.GetString(message).Replace(Encoding.Latin1.GetString(Parts.Filled(8)), "TTTTTTTT", StringComparison.Ordinal));

    private void Do(byte what, ReadOnlySpan<byte> rest)
    {
        switch (what)
        {
            case 0 when rest.Length > 1:
                byte[] datagram = rest[1..].ToArray();
                int token = datagram.AsSpan().IndexOf("TTTTTTTT"u8);
                if (token >= 0)
                {
                    _token.AsSpan(0, 8).CopyTo(datagram.AsSpan(token));
                }

                _node.Receive(At(rest[0]), datagram, _now);
                break;
            case 1 when rest.Length > 1 && _open.Count > 0:
                Answer(rest[0], [.. "d1:r"u8, .. rest[1..]], "1:re"u8);
                break;
            case 2 when rest.Length >= 2:
                Pass(TimeSpan.FromMilliseconds(4 * BinaryPrimitives.ReadUInt16BigEndian(rest)));
                break;
            case 3 when rest.Length >= 2:
                Own(rest[0] % 6, rest[1]);
                break;
            case 4 when rest.Length >= 1 && _open.Count > 0:
                Answer(rest[0], "d1:eli202e3:noee"u8[..^1].ToArray(), "1:ee"u8);
                break;
        }
    }

    /// <summary>Answers the question that has been open longest, after the next <paramref name="skip"/> modulo 4 ones were dropped.</summary>
    private void Answer(byte skip, byte[] head, ReadOnlySpan<byte> kind)
    {
        for (int i = skip % 4; i > 0 && _open.Count > 1; i--)
        {
            _open.Dequeue();
        }

        (PeerAddress to, byte[] transaction) = _open.Dequeue();
        byte[] datagram = [.. head, .. "1:t"u8, (byte)('0' + transaction.Length), (byte)':', .. transaction, .. "1:y"u8, .. kind];
        _node.Receive(to, datagram, _now);
    }

    private void Own(int action, byte number)
    {
        InfoHash swarm = InfoHash.Of(Hash256.Of([number]));
        switch (action)
        {
            case 0:
                _node.Search(swarm, 6881, _now);
                break;
            case 1:
                _node.Get(NodeId.Of(swarm), number % 2 == 0 ? Parts.Worker.PublicKey : null, default, _now);
                break;
            case 2:
                _node.Put(number % 2 == 0 ? DhtItem.Immutable("i5e"u8.ToArray()) : DhtItem.Mutable(Parts.Worker, default, number, "i5e"u8.ToArray()), null, _now);
                break;
            case 3:
                _node.AddNodes([At(number)], isVouched: number % 2 == 0, _now);
                break;
            case 4:
                _node.SetLonely(swarm, true, _now);
                break;
            default:
                _node.StopSearch(swarm);
                break;
        }
    }

    private void Pass(TimeSpan time)
    {
        Instant end = _now + time;
        int atOnce = 0;
        for (; _wakes < MaxWakes && _node.NextWake <= end; _wakes++)
        {
            Instant next = _node.NextWake;
            atOnce = next <= _now ? atOnce + 1 : 0;
            FuzzFailureException.Unless(atOnce < MaxTicksAtOnce, "it wants to be woken at one instant again and again");
            _now = next > _now ? next : _now;
            _node.Tick(_now);
            Collect();
        }

        _now = end;
    }

    private void Collect()
    {
        foreach (DhtEffect effect in _node.TakeEffects())
        {
            if (effect is not DhtEffect.Send send)
            {
                continue;
            }

            _sent++;
            KrpcMessage? message = KrpcReader.Read(send.Datagram, out _);
            FuzzFailureException.Unless(message is not null && send.Datagram.Length <= MaxDatagram, $"it sends {send.Datagram.Length} bytes that are {message?.GetType().Name ?? "no message"}");
            switch (message)
            {
                case KrpcQuery query:
                    _open.Enqueue((send.To, query.Transaction.ToArray()));
                    if (_open.Count > 64)
                    {
                        _open.Dequeue();
                    }

                    break;
                case KrpcReply { Token.Length: 8 } reply:
                    _token = reply.Token.ToArray();
                    break;
            }
        }
    }
}
