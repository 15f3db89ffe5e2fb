using System;
using System.Buffers.Text;
using Starling.Fuzz.Engine;

namespace Starling.Fuzz.Mutation;

/// <summary>Changes of bencoded values that leave them well formed: values for values, keys in their order, texts with their lengths.</summary>
internal sealed class BencodeEdits(FuzzRandom random, ByteEdits bytes)
{
    private const int MaxNesting = 110;

    private readonly BencodeTokens _tokens = new();
    private readonly BencodeTokens _donorTokens = new();
    private readonly ByteSpace _content = new(4096);
    private readonly byte[] _scratch = new byte[8192];

    /// <summary>Changes the value that begins at <paramref name="from"/>; false when there is none.</summary>
    public bool Apply(ByteSpace space, int from, ReadOnlySpan<byte> donor)
    {
        if (!_tokens.Scan(space.Span, from) || _tokens.Count == 0)
        {
            return false;
        }

        int index = random.Next(_tokens.Count);
        BencodeToken token = _tokens[index];
        if (token.IsKey)
        {
            return EditEntry(space, index, donor);
        }

        switch (random.Next(6))
        {
            case 0:
                space.Replace(token.Start, token.Length, OtherValue(donor));
                return true;
            case 1 when token.Kind is (byte)'l':
                space.Replace(token.Start + 1, 0, OtherValue(donor));
                return true;
            case 2 when token.Kind is (byte)'l' or (byte)'d':
                return Repeat(space, token);
            case <= 3 when token.Kind is (byte)'d':
                InsertEntry(space, token, donor);
                return true;
            case 4 when index > 0 && _tokens.ParentKind(index) == (byte)'l':
                space.Remove(token.Start, token.Length);
                return true;
            default:
                return EditLeaf(space, token, donor);
        }
    }

    /// <summary>A key was chosen: its entry goes, gets another key or another value.</summary>
    private bool EditEntry(ByteSpace space, int index, ReadOnlySpan<byte> donor)
    {
        BencodeToken key = _tokens[index];
        BencodeToken value = _tokens[index + 1];
        switch (random.Next(4))
        {
            case 0:
                space.Remove(key.Start, value.End - key.Start);
                return true;
            case 1:
                int length = Math.Min(value.Length, _scratch.Length);
                space.Span.Slice(value.Start, length).CopyTo(_scratch);
                ReadOnlySpan<byte> other = bytes.HasWords ? bytes.Word() : _scratch.AsSpan(0, 1);
                _content.Set(other);
                space.Replace(key.Start, value.End - key.Start, Entry(_content.Span, _scratch.AsSpan(0, length).ToArray()));
                return true;
            case 2:
                space.Replace(value.Start, value.Length, OtherValue(donor));
                return true;
            default:
                return EditLeaf(space, value, donor);
        }
    }

    private bool EditLeaf(ByteSpace space, BencodeToken token, ReadOnlySpan<byte> donor)
    {
        if (token.Kind == (byte)'i')
        {
            _scratch[0] = (byte)'i';
            int written = bytes.WriteDigits(_scratch.AsSpan(1));
            _scratch[1 + written] = (byte)'e';
            space.Replace(token.Start, token.Length, _scratch.AsSpan(0, written + 2));
            return true;
        }

        if (token.Kind is (byte)'l' or (byte)'d')
        {
            return false;
        }

        _content.Set(space.Span.Slice(token.ContentStart, token.End - token.ContentStart));
        bytes.Apply(_content, donor);
        space.Replace(token.Start, token.Length, Text(_content.Span));
        return true;
    }

    /// <summary>Puts the value into itself, into many of its like beside each other, or into many levels of lists.</summary>
    private bool Repeat(ByteSpace space, BencodeToken token)
    {
        if (random.OneIn(2))
        {
            int depth = 1 + random.NextSmall(MaxNesting);
            _scratch.AsSpan(0, depth).Fill((byte)'l');
            space.Replace(token.End, 0, Ends(depth));
            space.Replace(token.Start, 0, _scratch.AsSpan(0, depth));
            return true;
        }

        if (!_tokens.TryFirstChild(token, space.Span, out BencodeToken child) || token.Kind != (byte)'l')
        {
            return false;
        }

        byte[] copy = space.Span.Slice(child.Start, child.Length).ToArray();
        for (int times = 1 + random.NextSmall(300); times > 0 && space.Length + copy.Length <= space.Capacity; times--)
        {
            space.Replace(token.Start + 1, 0, copy);
        }

        return true;
    }

    private ReadOnlySpan<byte> Ends(int depth)
    {
        _scratch.AsSpan(depth, depth).Fill((byte)'e');
        return _scratch.AsSpan(depth, depth);
    }

    /// <summary>An entry at its place in the order of keys; one of the same key is replaced.</summary>
    private void InsertEntry(ByteSpace space, BencodeToken dictionary, ReadOnlySpan<byte> donor)
    {
        byte[] value = OtherValue(donor).ToArray();
        _content.Set(bytes.HasWords ? bytes.Word() : "a"u8);
        int at = dictionary.Start + 1;
        int replaced = 0;
        for (int i = 0; i < _tokens.Count; i++)
        {
            BencodeToken key = _tokens[i];
            if (key.IsKey && _tokens.ParentStart(i) == dictionary.Start)
            {
                int order = space.Span[key.ContentStart..key.End].SequenceCompareTo(_content.Span);
                if (order >= 0)
                {
                    at = key.Start;
                    replaced = order == 0 ? _tokens[i + 1].End - key.Start : 0;
                    break;
                }

                at = _tokens[i + 1].End;
            }
        }

        space.Replace(at, replaced, Entry(_content.Span, value));
    }

    private ReadOnlySpan<byte> OtherValue(ReadOnlySpan<byte> donor)
    {
        switch (random.Next(5))
        {
            case 0:
                return random.Next(6) switch { 0 => "le"u8, 1 => "de"u8, 2 => "i0e"u8, 3 => "i-1e"u8, 4 => "0:"u8, _ => "d1:ai1ee"u8 };
            case 1:
                _scratch[0] = (byte)'i';
                int written = bytes.WriteDigits(_scratch.AsSpan(1));
                _scratch[1 + written] = (byte)'e';
                return _scratch.AsSpan(0, written + 2);
            case 2 when bytes.HasWords:
                return Text(bytes.Word());
            case 3:
                _content.Set(default);
                int length = random.OneIn(4) ? random.Next(600) : random.Of([0, 1, 4, 6, 16, 18, 20, 26, 32, 38, 64]);
                _scratch.AsSpan(4096, length).Fill(random.NextByte());
                return Text(_scratch.AsSpan(4096, length).ToArray());
            default:
                int start = donor.IndexOfAny("dl"u8);
                if (start < 0 || !_donorTokens.Scan(donor, start) || _donorTokens.Count == 0)
                {
                    return "i1e"u8;
                }

                BencodeToken taken = _donorTokens[random.Next(_donorTokens.Count)];
                return donor.Slice(taken.Start, taken.Length);
        }
    }

    private ReadOnlySpan<byte> Entry(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        int size = Text(key).Length;
        int room = Math.Min(value.Length, _scratch.Length - size);
        value[..room].CopyTo(_scratch.AsSpan(size));
        return _scratch.AsSpan(0, size + room);
    }

    private ReadOnlySpan<byte> Text(ReadOnlySpan<byte> content)
    {
        Utf8Formatter.TryFormat(content.Length, _scratch, out int digits);
        _scratch[digits] = (byte)':';
        content.CopyTo(_scratch.AsSpan(digits + 1));
        return _scratch.AsSpan(0, digits + 1 + content.Length);
    }
}
