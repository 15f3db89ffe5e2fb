using System;
using System.IO;
using Starling.Core.Primitives;
using Starling.Runtime.Kernels.Imaging;

namespace Starling.Tests.Runtime.Kernels.Imaging;

public sealed class PngWriterTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 70)]
    [InlineData(401, 300)]
    public void Random_pixels_come_back(int width, int height)
    {
        var random = new DeterministicRandom(8);
        byte[] pixels = new byte[width * height * 3];
        random.Fill(pixels);
        Assert.Equal(pixels, Write(width, height, pixels).Pixels);
    }

    [Fact]
    public void Smooth_pixels_come_back_and_take_the_filters_that_suit_them()
    {
        byte[] pixels = new byte[256 * 90 * 3];
        for (int i = 0; i < pixels.Length; i++)
        {
            int x = i / 3 % 256;
            int y = i / 3 / 256;
            pixels[i] = (byte)(y < 30 ? x * (1 + (i % 3)) : y < 60 ? y * 3 : (x * y / 8) + (i % 3));
        }

        PngReader png = Write(256, 90, pixels);
        Assert.Equal(pixels, png.Pixels);
        Assert.True(png.Filters.Count >= 3);
    }

    private static PngReader Write(int width, int height, byte[] pixels)
    {
        var file = new MemoryStream();
        using (var writer = new PngWriter(file, width, height))
        {
            for (int row = 0; row < height; row++)
            {
                pixels.AsSpan(row * width * 3, width * 3).CopyTo(writer.Row);
                writer.WriteRow();
            }

            writer.Complete();
        }

        PngReader png = PngReader.Read(file.ToArray());
        Assert.Equal((width, height), (png.Width, png.Height));
        return png;
    }
}
