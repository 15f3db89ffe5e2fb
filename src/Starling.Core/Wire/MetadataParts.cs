using System;

namespace Starling.Core.Wire;

/// <summary>Metadata while its pieces come (BEP 9). It takes memory for pieces that are here, not for what a peer says that it has: a message of a few bytes could ask for megabytes.</summary>
/// <param name="size">Bytes of the whole, 1 to <see cref="UtMetadata.MaxMetadataSize"/>.</param>
internal sealed class MetadataParts(int size)
{
    private readonly ReadOnlyMemory<byte>[] _parts = new ReadOnlyMemory<byte>[UtMetadata.PieceCount(size)];
    private int _here;

    /// <summary>Bytes of the whole.</summary>
    public int Size => size;

    /// <summary>Pieces of the whole.</summary>
    public int Count => _parts.Length;

    public bool IsComplete => _here == _parts.Length;

    public bool Misses(int piece) => piece < _parts.Length && _parts[piece].IsEmpty;

    /// <summary>Keeps a copy of a piece that was missing, of metadata of this size.</summary>
    public void Add(UtMetadata.Data data)
    {
        _parts[data.Piece] = data.Bytes.ToArray();
        _here++;
    }

    /// <summary>The whole; only when it is complete.</summary>
    public byte[] Join()
    {
        var whole = new byte[size];
        for (int i = 0; i < _parts.Length; i++)
        {
            _parts[i].CopyTo(whole.AsMemory(i * UtMetadata.PieceSize));
        }

        return whole;
    }
}
