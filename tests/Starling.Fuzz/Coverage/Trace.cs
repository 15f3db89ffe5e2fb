using System;

namespace Starling.Fuzz.Coverage;

/// <summary>
/// What the instrumented assemblies call at the start of each basic block. Counts the edges that were taken since <see cref="Begin"/>, and remembers for good
/// which blocks were ever reached. Without instrumentation nobody calls it. For one thread.
/// </summary>
public static class Trace
{
    /// <summary>Edges are told apart by so many bits.</summary>
    public const int MapSize = 1 << 16;

    private static readonly byte[] Counts = new byte[MapSize];
    private static readonly int[] Taken = new int[MapSize];
    private static byte[] reached = new byte[1 << 17];
    private static int taken;
    private static int before;

    /// <summary>Whether anything is instrumented.</summary>
    public static bool IsOn { get; private set; }

    /// <summary>The edges taken since <see cref="Begin"/>, in order of their first time.</summary>
    public static ReadOnlySpan<int> Edges => Taken.AsSpan(0, taken);

    /// <summary>Called at the start of block <paramref name="block"/>.</summary>
    public static void Hit(int block)
    {
        IsOn = true;
        reached[block] = 1;
        int edge = ((block * 0x9E37) ^ before) & (MapSize - 1);
        before = edge >> 1;
        ref byte count = ref Counts[edge];
        if (count == 0)
        {
            Taken[taken++] = edge;
        }

        if (count != byte.MaxValue)
        {
            count++;
        }
    }

    /// <summary>Forgets the edges.</summary>
    public static void Begin()
    {
        for (int i = 0; i < taken; i++)
        {
            Counts[Taken[i]] = 0;
        }

        taken = 0;
        before = 0;
    }

    /// <summary>How often an edge was taken, as one bit: once, twice, three times, 4 to 7, 8 to 15, 16 to 31, 32 to 127, more.</summary>
    public static byte ClassOf(int edge) => Counts[edge] switch
    {
        0 => 0,
        1 => 1,
        2 => 2,
        3 => 4,
        < 8 => 8,
        < 16 => 16,
        < 32 => 32,
        < 128 => 64,
        _ => 128,
    };

    /// <summary>Whether a block was ever reached.</summary>
    public static bool WasReached(int block) => reached[block] != 0;
}
