using System;
using System.Collections.Generic;
using System.Linq;
using Starling.Core.Torrents;
using Starling.Core.Wire;
using Starling.Fuzz.Engine;

namespace Starling.Fuzz.Targets;

/// <summary>Byte streams that are cut into messages: however they arrive, the same comes out.</summary>
internal static class StreamTargets
{
    public static FuzzTarget[] All { get; } =
    [
        new()
        {
            Name = "frame-stream",
            Covers = [typeof(FrameReader)],
            Encodes = false,
            QuickInputs = 3_000,
            MaxSize = 2048,
            Seeds = () => [Stream(withHandshake: true), Stream(withHandshake: true)[..100]],
            Start = () => static input =>
            {
                (int frames, int bytes, bool broken) = Frames(input.Span, input.Length);
                FuzzFailureException.Unless(Frames(input.Span, 1) == (frames, bytes, broken), "byte by byte other frames come out than at once");
                int cut = input.Length == 0 ? 1 : 1 + (input.Span[^1] % 13);
                FuzzFailureException.Unless(Frames(input.Span, cut) == (frames, bytes, broken), $"in cuts of {cut} other frames come out than at once");
                return null;
            },
        },
        new()
        {
            Name = "data-frame-stream",
            Covers = [typeof(DataFrameReader)],
            Encodes = false,
            MaxSize = 2048,
            Seeds = () => [Stream(withHandshake: false), [.. PeerMessageCodec.Encode(new PeerMessage.Block(3, 0, Parts.Filled(900))), 0, 0, 0, 0]],
            Start = DataPass,
            QuickInputs = 3_000,

            // Three readers with their heads and bodies.
            FixedAllocation = 48 * 1024,
        },
    ];

    public static byte[] Stream(bool withHandshake) =>
    [
        .. withHandshake ? new Handshake(Handshake.ExtensionBit | Handshake.FastBit, Parts.Swarm, Parts.Peer).Encode() : [],
        .. WireTargets.Messages.SelectMany(PeerMessageCodec.Encode),
    ];

    private static (int Frames, int Hash, bool Broken) Frames(ReadOnlySpan<byte> stream, int cut)
    {
        using var reader = new FrameReader();
        int count = 0;
        uint hash = 0;
        for (int at = 0; at < stream.Length; at += cut)
        {
            reader.Append(stream.Slice(at, Math.Min(cut, stream.Length - at)));
            while (reader.TryRead(out ReadOnlyMemory<byte> frame))
            {
                count++;
                hash = Hash(hash, frame.Span);
            }
        }

        FuzzFailureException.Unless(reader.PendingBytes <= stream.Length, "more bytes wait than came");
        return (count, (int)hash, reader.Problem is not null);
    }

    private static Pass DataPass()
    {
        var blocks = new Stack<BlockBuffer>();
        var frames = new List<DataFrame>();
        return input =>
        {
            (int frames, int hash, bool broken) whole = Read(input.Span, input.Length);
            FuzzFailureException.Unless(Read(input.Span, 1) == whole, "byte by byte other messages come out than at once");
            int cut = input.Length == 0 ? 1 : 1 + (input.Span[^1] % 13);
            FuzzFailureException.Unless(Read(input.Span, cut) == whole, $"in cuts of {cut} other messages come out than at once");
            return null;
        };

        (int Frames, int Hash, bool Broken) Read(ReadOnlySpan<byte> stream, int cut)
        {
            int rented = 0;
            var reader = new DataFrameReader(() =>
            {
                rented++;
                return blocks.Count > 0 ? blocks.Pop() : new BlockBuffer();
            });
            frames.Clear();
            for (int at = 0; at < stream.Length; at += cut)
            {
                reader.Read(stream.Slice(at, Math.Min(cut, stream.Length - at)), frames);
            }

            uint hash = 0;
            foreach (DataFrame frame in frames)
            {
                hash = (hash * 31) + (uint)frame.Kind;
                if (frame.Kind == DataFrameKind.Block)
                {
                    hash = Hash(hash, frame.Block.Used.Span);
                    blocks.Push(frame.Block);
                    rented--;
                }
                else
                {
                    hash = (hash * 31) + (uint)frame.Range.GetHashCode();
                }
            }

            bool broken = reader.Problem is not null;
            if (reader.TakePartialBlock() is { } partial)
            {
                blocks.Push(partial);
                rented--;
            }

            FuzzFailureException.Unless(rented == 0, $"{rented} buffers are lost");
            return (frames.Count, (int)hash, broken);
        }
    }

    private static uint Hash(uint hash, ReadOnlySpan<byte> bytes)
    {
        hash = (hash ^ (uint)bytes.Length) * 16_777_619;
        foreach (byte each in bytes)
        {
            hash = (hash ^ each) * 16_777_619;
        }

        return hash;
    }
}
