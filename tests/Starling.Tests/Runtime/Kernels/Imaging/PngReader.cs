using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Text;

namespace Starling.Tests.Runtime.Kernels.Imaging;

/// <summary>A small, strict reader of 8-bit true-colour PNGs, written from the standard and sharing nothing with the writer.</summary>
internal sealed class PngReader
{
    private PngReader(int width, int height, byte[] pixels, IReadOnlySet<int> filters)
    {
        Width = width;
        Height = height;
        Pixels = pixels;
        Filters = filters;
    }

    public int Width { get; }

    public int Height { get; }

    public byte[] Pixels { get; }

    public IReadOnlySet<int> Filters { get; }

    public static PngReader Read(byte[] file)
    {
        Assert.Equal([137, 80, 78, 71, 13, 10, 26, 10], file[..8]);
        var data = new MemoryStream();
        byte[] header = [];
        string last = "";
        for (int at = 8; at < file.Length;)
        {
            Assert.NotEqual("IEND", last);
            int length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at));
            last = Encoding.ASCII.GetString(file, at + 4, 4);
            ReadOnlySpan<byte> content = file.AsSpan(at + 8, length);
            Assert.Equal(Crc(file.AsSpan(at + 4, length + 4)), BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at + 8 + length)));
            if (last == "IHDR")
            {
                header = content.ToArray();
            }
            else if (last == "IDAT")
            {
                data.Write(content);
            }

            at += 12 + length;
        }

        Assert.Equal("IEND", last);
        Assert.Equal([8, 2, 0, 0, 0], header[8..]);
        int width = BinaryPrimitives.ReadInt32BigEndian(header);
        int height = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(4));
        data.Position = 0;
        var raw = new MemoryStream();
        using (var zlib = new ZLibStream(data, CompressionMode.Decompress))
        {
            zlib.CopyTo(raw);
        }

        var filters = new HashSet<int>();
        byte[] pixels = Unfilter(raw.ToArray(), width, height, filters);
        return new PngReader(width, height, pixels, filters);
    }

    private static byte[] Unfilter(byte[] raw, int width, int height, HashSet<int> filters)
    {
        int stride = width * 3;
        Assert.Equal((stride + 1) * height, raw.Length);
        byte[] pixels = new byte[stride * height];
        for (int y = 0; y < height; y++)
        {
            int filter = raw[y * (stride + 1)];
            filters.Add(filter);
            for (int x = 0; x < stride; x++)
            {
                int a = x < 3 ? 0 : pixels[(y * stride) + x - 3];
                int b = y == 0 ? 0 : pixels[((y - 1) * stride) + x];
                int c = x < 3 || y == 0 ? 0 : pixels[((y - 1) * stride) + x - 3];
                int p = a + b - c;
                int predicted = filter switch
                {
                    0 => 0,
                    1 => a,
                    2 => b,
                    3 => (a + b) / 2,
                    4 when Math.Abs(p - a) <= Math.Abs(p - b) && Math.Abs(p - a) <= Math.Abs(p - c) => a,
                    4 when Math.Abs(p - b) <= Math.Abs(p - c) => b,
                    4 => c,
                    _ => throw new InvalidDataException($"filter {filter}"),
                };
                pixels[(y * stride) + x] = (byte)(raw[(y * (stride + 1)) + 1 + x] + predicted);
            }
        }

        return pixels;
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
            }
        }

        return ~crc;
    }
}
