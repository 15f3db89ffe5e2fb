using System;
using Starling.Fuzz.Engine;

namespace Starling.Fuzz.Mutation;

/// <summary>Changes of texts by lines: they come, go and change places.</summary>
internal sealed class LineEdits(FuzzRandom random)
{
    private readonly byte[] _line = new byte[2048];

    public void Apply(ByteSpace space, ReadOnlySpan<byte> donor)
    {
        (int start, int length) = LineAt(space.Span);
        switch (random.Next(4))
        {
            case 0:
                space.Remove(start, length);
                break;
            case 1 when length <= _line.Length:
                space.Span.Slice(start, length).CopyTo(_line);
                space.Replace(LineAt(space.Span).Start, 0, _line.AsSpan(0, length));
                break;
            case 2 when length <= _line.Length:
                space.Span.Slice(start, length).CopyTo(_line);
                space.Remove(start, length);
                space.Replace(LineAt(space.Span).Start, 0, _line.AsSpan(0, length));
                break;
            default:
                (int from, int count) = LineAt(donor);
                space.Replace(start, random.OneIn(2) ? length : 0, donor.Slice(from, count));
                break;
        }
    }

    /// <summary>A random line with its end.</summary>
    private (int Start, int Length) LineAt(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
        {
            return (0, 0);
        }

        int at = random.Next(text.Length);
        int start = text[..at].LastIndexOf((byte)'\n') + 1;
        int end = text[start..].IndexOf((byte)'\n');
        return (start, end < 0 ? text.Length - start : end + 1);
    }
}
