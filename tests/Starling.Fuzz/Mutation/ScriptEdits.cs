using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Starling.Fuzz.Engine;

namespace Starling.Fuzz.Mutation;

/// <summary>Changes of scripts: chunks, each behind its length of two bytes, come, go, change places, and change inside.</summary>
internal sealed class ScriptEdits(FuzzRandom random, ByteEdits bytes, BencodeEdits bencode)
{
    private const int HeadSize = sizeof(ushort);

    private readonly List<(int Start, int Length)> _chunks = [];
    private readonly List<(int Start, int Length)> _donorChunks = [];
    private readonly ByteSpace _chunk = new(ushort.MaxValue);

    /// <summary>The chunks of a script; what is left over at its end counts as none.</summary>
    public static void Cut(ReadOnlySpan<byte> script, List<(int Start, int Length)> chunks)
    {
        chunks.Clear();
        for (int at = 0; at + HeadSize <= script.Length;)
        {
            int length = Math.Min(BinaryPrimitives.ReadUInt16BigEndian(script[at..]), script.Length - at - HeadSize);
            chunks.Add((at + HeadSize, length));
            at += HeadSize + length;
        }
    }

    /// <summary>A script of chunks.</summary>
    public static byte[] Join(IEnumerable<byte[]> chunks)
    {
        var script = new List<byte>();
        foreach (byte[] chunk in chunks)
        {
            script.Add((byte)(chunk.Length >> 8));
            script.Add((byte)chunk.Length);
            script.AddRange(chunk);
        }

        return [.. script];
    }

    public void Apply(ByteSpace space, ReadOnlySpan<byte> donor)
    {
        Cut(space.Span, _chunks);
        Cut(donor, _donorChunks);
        if (_chunks.Count == 0)
        {
            space.Set(donor);
            return;
        }

        (int start, int length) = _chunks[random.Next(_chunks.Count)];
        switch (random.Next(8))
        {
            case 0:
                space.Remove(start - HeadSize, HeadSize + length);
                break;
            case 1:
                _chunk.Set(space.Span.Slice(start, length));
                Insert(space, BorderOf(_chunks), _chunk.Span);
                break;
            case 2 or 3 when _donorChunks.Count > 0:
                (int from, int count) = _donorChunks[random.Next(_donorChunks.Count)];
                Insert(space, BorderOf(_chunks), donor.Slice(from, count));
                break;
            case 4 when _donorChunks.Count > 0:
                // The start of one and the end of the other.
                space.Truncate(BorderOf(_chunks));
                space.Append(donor[BorderOf(_donorChunks)..]);
                break;
            default:
                _chunk.Set(space.Span.Slice(start, length));
                Change(_chunk, donor);
                space.Remove(start - HeadSize, HeadSize + length);
                Insert(space, start - HeadSize, _chunk.Span);
                break;
        }
    }

    private void Change(ByteSpace chunk, ReadOnlySpan<byte> donor)
    {
        int value = chunk.Span.IndexOf((byte)'d');
        if (value < 0 || random.OneIn(3) || !bencode.Apply(chunk, value, donor))
        {
            bytes.Apply(chunk, donor);
        }
    }

    private int BorderOf(List<(int Start, int Length)> chunks)
    {
        int index = random.Next(chunks.Count + 1);
        return index == chunks.Count ? chunks[^1].Start + chunks[^1].Length : chunks[index].Start - HeadSize;
    }

    private static void Insert(ByteSpace space, int at, ReadOnlySpan<byte> chunk)
    {
        int room = space.Capacity - space.Length - HeadSize;
        if (room < 0)
        {
            return;
        }

        chunk = chunk[..Math.Min(chunk.Length, room)];
        Span<byte> head = stackalloc byte[HeadSize];
        BinaryPrimitives.WriteUInt16BigEndian(head, (ushort)chunk.Length);
        space.Replace(at, 0, chunk);
        space.Replace(at, 0, head);
    }
}
