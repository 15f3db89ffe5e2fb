using System;

namespace Starling.Runtime.Kernels.Imaging;

/// <summary>
/// Colours of escape times: a ring of night blue, sky, white, amber and black, wide for few iterations and ever narrower for many.
/// </summary>
internal static class Palette
{
    /// <summary>Bytes of a colour: red, green, blue.</summary>
    public const int ColourSize = 3;

    /// <summary>Rings per doubling of the iterations.</summary>
    private const double RingsPerDoubling = 0.3;

    /// <summary>Where on the ring an escape at once lies.</summary>
    private const double Offset = 0.36;

    private static readonly double[] Positions = [0, 0.16, 0.42, 0.6425, 0.8575, 1];

    private static readonly (int R, int G, int B)[] Colours =
        [(0, 7, 100), (32, 107, 203), (237, 255, 255), (255, 170, 0), (0, 2, 0), (0, 7, 100)];

    /// <summary>Writes the colour of an escape time; below 0, a point of the set, is black.</summary>
    public static void Write(double count, Span<byte> colour)
    {
        if (count < 0)
        {
            colour[..ColourSize].Clear();
            return;
        }

        double turns = Offset + (EscapeTime.Log2(count + 1) * RingsPerDoubling);
        double place = turns - Math.Floor(turns);
        int stop = 0;
        while (stop < Positions.Length - 2 && place >= Positions[stop + 1])
        {
            stop++;
        }

        double between = (place - Positions[stop]) / (Positions[stop + 1] - Positions[stop]);
        double eased = between * between * (3 - (2 * between));
        (int r0, int g0, int b0) = Colours[stop];
        (int r1, int g1, int b1) = Colours[stop + 1];
        colour[0] = Mix(r0, r1, eased);
        colour[1] = Mix(g0, g1, eased);
        colour[2] = Mix(b0, b1, eased);
    }

    private static byte Mix(int from, int to, double part)
    {
        double way = (to - from) * part;
        return (byte)Math.Floor(from + way + 0.5);
    }
}
