using System;
using System.Collections;
using System.Numerics;
using Starling.Core.Pieces;
using Starling.Core.Primitives;

namespace Starling.Core.Metainfo;

/// <summary>The hashes of the pieces of one file that is longer than a piece.</summary>
internal sealed class PieceLayer
{
    private readonly Hash256 _root;
    private readonly Hash256 _padding;

    /// <summary>Hashes of the layer with its padding: a power of two.</summary>
    private readonly int _width;

    private BitArray? _known;
    private ReadOnlyMemory<byte> _hashes;
    private byte[]? _own;

    /// <summary>Roots of <see cref="PieceLayers.MaxRequestLength"/> hashes each: what answers are made of without hashing the whole layer again.</summary>
    private byte[]? _groups;

    public PieceLayer(Hash256 root, int count, Hash256 padding)
    {
        _root = root;
        _padding = padding;
        Count = count;
        Missing = count;
        _width = (int)BitOperations.RoundUpToPowerOf2((uint)count);
    }

    /// <summary>Pieces of the file.</summary>
    public int Count { get; }

    /// <summary>Levels between the hashes and the root.</summary>
    public int Height => BitOperations.Log2((uint)_width);

    /// <summary>Hashes that are not known.</summary>
    public int Missing { get; private set; }

    private int GroupLength => Math.Min(_width, PieceLayers.MaxRequestLength);

    public bool TryGet(int index, out Hash256 hash)
    {
        bool known = Missing == 0 || (_known is not null && _known[index]);
        hash = known ? new Hash256(_hashes.Span[(index * Hash256.Size)..]) : default;
        return known;
    }

    public bool TryGetAll(out ReadOnlyMemory<byte> hashes)
    {
        hashes = _hashes;
        return Missing == 0;
    }

    public int FirstMissing() => NextMissing(0);

    /// <summary>The first missing hash from <paramref name="from"/> on; -1: none.</summary>
    public int NextMissing(int from)
    {
        int index = from;
        while (index < Count && _known is not null && _known[index])
        {
            index++;
        }

        return Missing == 0 || index >= Count ? -1 : index;
    }

    public HashRange RangeAround(int index, int baseLayer)
    {
        int length = GroupLength;
        return new HashRange(_root, baseLayer, index / length * length, length, BitOperations.Log2((uint)_width) - 1);
    }

    public bool TrySet(ReadOnlyMemory<byte> hashes)
    {
        if (hashes.Length != Count * Hash256.Size)
        {
            return false;
        }

        byte[] groups = Groups(hashes.Span);
        if (MerkleTree.Fold((byte[])groups.Clone()) != _root)
        {
            return false;
        }

        _hashes = hashes;
        _own = null;
        _known = null;
        _groups = groups;
        Missing = 0;
        return true;
    }

    public bool TryAdd(HashRange range, ReadOnlySpan<byte> answer)
    {
        if (!IsRange(range) || answer.Length % Hash256.Size != 0)
        {
            return false;
        }

        // Hashes behind the end of the file may be left out or sent; either way they are known.
        int uncles = BitOperations.Log2((uint)(_width / range.Length));
        int there = Math.Min(range.Length, Count - range.Index);
        int sent = (answer.Length / Hash256.Size) - uncles;
        if (there <= 0 || (sent != there && sent != range.Length))
        {
            return false;
        }

        byte[] nodes = Padded(answer[..(there * Hash256.Size)], range.Length);
        if (!nodes.AsSpan(0, sent * Hash256.Size).SequenceEqual(answer[..(sent * Hash256.Size)]))
        {
            return false;
        }

        if (MerkleTree.Climb(MerkleTree.Fold(nodes), range.Index / range.Length, answer[(sent * Hash256.Size)..]) != _root)
        {
            return false;
        }

        Keep(range.Index, answer[..(there * Hash256.Size)]);
        return true;
    }

    /// <summary>Null for a request that breaks the rules or asks for too much.</summary>
    public byte[]? Answer(HashRange range)
    {
        if (!IsRange(range) || range.Index >= Count || range.ProofLayers < 0)
        {
            return null;
        }

        int first = BitOperations.Log2((uint)range.Length);
        int uncles = Math.Max(0, Math.Min(range.ProofLayers, Height - 1) - first + 1);
        var answer = new byte[(range.Length + uncles) * Hash256.Size];
        CopyHashes(range.Index, range.Length, answer);
        for (int i = 0; i < uncles; i++)
        {
            Node(first + i, (range.Index >> (first + i)) ^ 1).CopyTo(answer.AsSpan((range.Length + i) * Hash256.Size));
        }

        return answer;
    }

    /// <summary>A node of the tree above the hashes, which are level 0; all hashes must be known.</summary>
    public Hash256 Node(int level, int index)
    {
        if (1 << level < GroupLength)
        {
            var nodes = new byte[Hash256.Size << level];
            CopyHashes(index << level, 1 << level, nodes);
            return MerkleTree.Fold(nodes);
        }

        _groups ??= Groups(_hashes.Span);
        int groups = (1 << level) / GroupLength;
        return MerkleTree.Fold(_groups.AsSpan(index * groups * Hash256.Size, groups * Hash256.Size).ToArray());
    }

    private bool IsRange(HashRange range) => range.Length >= 2 && range.Length <= GroupLength && BitOperations.IsPow2(range.Length)
        && range.Index >= 0 && range.Index % range.Length == 0;

    private void Keep(int index, ReadOnlySpan<byte> hashes)
    {
        if (Missing == 0)
        {
            return;
        }

        _own ??= new byte[Count * Hash256.Size];
        _known ??= new BitArray(Count);
        _hashes = _own;
        hashes.CopyTo(_own.AsSpan(index * Hash256.Size));
        for (int i = index; i < index + (hashes.Length / Hash256.Size); i++)
        {
            Missing -= _known[i] ? 0 : 1;
            _known[i] = true;
        }
    }

    private void CopyHashes(int index, int length, Span<byte> destination)
    {
        int there = Math.Clamp(Count - index, 0, length);
        Padded(_hashes.Span.Slice(index * Hash256.Size * Math.Sign(there), there * Hash256.Size), length).CopyTo(destination);
    }

    /// <summary>The hashes, filled up to <paramref name="length"/> by those of pieces behind the end of the file.</summary>
    private byte[] Padded(ReadOnlySpan<byte> hashes, int length)
    {
        var nodes = new byte[length * Hash256.Size];
        Pad(hashes, nodes);
        return nodes;
    }

    private byte[] Groups(ReadOnlySpan<byte> hashes)
    {
        var roots = new byte[_width / GroupLength * Hash256.Size];
        var nodes = new byte[GroupLength * Hash256.Size];
        for (int i = 0; i < roots.Length / Hash256.Size; i++)
        {
            int from = Math.Min(i * nodes.Length, hashes.Length);
            Pad(hashes[from..Math.Min(hashes.Length, from + nodes.Length)], nodes);
            MerkleTree.Fold(nodes).CopyTo(roots.AsSpan(i * Hash256.Size));
        }

        return roots;
    }

    private void Pad(ReadOnlySpan<byte> hashes, Span<byte> nodes)
    {
        hashes.CopyTo(nodes);
        for (int at = hashes.Length; at < nodes.Length; at += Hash256.Size)
        {
            _padding.CopyTo(nodes[at..]);
        }
    }
}
