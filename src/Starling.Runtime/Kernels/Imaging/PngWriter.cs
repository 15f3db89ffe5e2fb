using System;
using System.Buffers.Binary;
using System.IO;
using System.IO.Compression;

namespace Starling.Runtime.Kernels.Imaging;

/// <summary>Writes one PNG (ISO/IEC 15948) of 8-bit red, green, blue, row by row: never more than two rows in memory.</summary>
internal sealed class PngWriter : IDisposable
{
    private const int PixelSize = 3;
    private const byte TrueColour = 2;

    /// <summary>Filters of a row that are tried, by their numbers in the standard: none, left, up, average, Paeth.</summary>
    private const int Filters = 5;

    private readonly PngChunks _chunks;
    private readonly ZLibStream _pixels;
    private readonly byte[][] _filtered = new byte[Filters][];
    private byte[] _row;
    private byte[] _above;

    /// <summary>Begins an image.</summary>
    /// <param name="output">Takes the file; left open.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows: as many must follow.</param>
    public PngWriter(Stream output, int width, int height)
    {
        // Each row has a pixel of zeros before it, which is what the filters want to see there.
        int length = (width + 1) * PixelSize;
        _row = new byte[length];
        _above = new byte[length];
        for (int i = 0; i < Filters; i++)
        {
            _filtered[i] = new byte[1 + (width * PixelSize)];
            _filtered[i][0] = (byte)i;
        }

        output.Write([0x89, .. "PNG\r\n\u001a\n"u8]);
        _chunks = new PngChunks(output);
        Span<byte> header = stackalloc byte[13];
        header.Clear();
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], height);
        header[8] = 8;
        header[9] = TrueColour;
        _chunks.WriteChunk("IHDR"u8, header);
        _pixels = new ZLibStream(_chunks, CompressionLevel.Optimal, leaveOpen: true);
    }

    /// <summary>Where the next row goes: red, green, blue of each pixel from the left.</summary>
    public Span<byte> Row => _row.AsSpan(PixelSize);

    /// <summary>Ends the row that is in <see cref="Row"/>.</summary>
    public void WriteRow()
    {
        int best = 0;
        long least = long.MaxValue;
        for (int i = 0; i < Filters; i++)
        {
            long sum = Filter(i, _filtered[i].AsSpan(1));
            if (sum < least)
            {
                least = sum;
                best = i;
            }
        }

        _pixels.Write(_filtered[best]);
        (_row, _above) = (_above, _row);
    }

    /// <summary>Ends the image after its last row.</summary>
    public void Complete()
    {
        _pixels.Dispose();
        _chunks.Flush();
        _chunks.WriteChunk("IEND"u8, []);
    }

    public void Dispose() => _pixels.Dispose();

    /// <summary>Filters the row; returns the sum of distances from zero, which tells well enough how it will compress.</summary>
    private long Filter(int filter, Span<byte> filtered)
    {
        long sum = 0;
        for (int i = 0; i < filtered.Length; i++)
        {
            byte left = _row[i];
            byte up = _above[i + PixelSize];
            byte expected = filter switch
            {
                0 => 0,
                1 => left,
                2 => up,
                3 => (byte)((left + up) / 2),
                _ => Paeth(left, up, _above[i]),
            };
            filtered[i] = (byte)(_row[i + PixelSize] - expected);
            sum += Math.Abs((sbyte)filtered[i] + 0);
        }

        return sum;
    }

    /// <summary>Of left, up and corner, the one nearest to left + up − corner.</summary>
    private static byte Paeth(byte left, byte up, byte corner)
    {
        int toLeft = Math.Abs(up - corner);
        int toUp = Math.Abs(left - corner);
        int toCorner = Math.Abs(left + up - corner - corner);
        if (toLeft <= toUp && toLeft <= toCorner)
        {
            return left;
        }

        return toUp <= toCorner ? up : corner;
    }
}
