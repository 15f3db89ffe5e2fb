using System;
using System.Buffers.Text;

namespace Starling.Fuzz.Mutation;

/// <summary>Where one value or key lies.</summary>
/// <param name="Kind"><c>i</c>, <c>l</c>, <c>d</c>, or <c>s</c> for a text.</param>
/// <param name="Start">Its first byte.</param>
/// <param name="ContentStart">The first byte behind the length of a text.</param>
/// <param name="End">The byte behind it.</param>
/// <param name="Parent">The token around it, -1: none.</param>
/// <param name="IsKey">Whether it is a key; the next token is its value.</param>
internal readonly record struct BencodeToken(byte Kind, int Start, int ContentStart, int End, int Parent, bool IsKey)
{
    public int Length => End - Start;
}

/// <summary>The values within a bencoded value, in order: a scanner of the fuzzer's own, that finds out what can be changed where.</summary>
internal sealed class BencodeTokens
{
    private const int MaxTokens = 1024;
    private const int MaxDepth = 120;

    private readonly BencodeToken[] _tokens = new BencodeToken[MaxTokens];
    private readonly int[] _open = new int[MaxDepth];

    public int Count { get; private set; }

    public BencodeToken this[int index] => _tokens[index];

    public byte ParentKind(int index) => _tokens[index].Parent < 0 ? (byte)0 : _tokens[_tokens[index].Parent].Kind;

    public int ParentStart(int index) => _tokens[index].Parent < 0 ? -1 : _tokens[_tokens[index].Parent].Start;

    public bool TryFirstChild(BencodeToken of, ReadOnlySpan<byte> bytes, out BencodeToken child)
    {
        for (int i = 0; i < Count; i++)
        {
            if (_tokens[i].Parent >= 0 && _tokens[_tokens[i].Parent].Start == of.Start && _tokens[i].End <= bytes.Length)
            {
                child = _tokens[i];
                return true;
            }
        }

        child = default;
        return false;
    }

    /// <summary>Scans one value; false when it is not well formed or has too many parts.</summary>
    public bool Scan(ReadOnlySpan<byte> bytes, int from)
    {
        Count = 0;
        int depth = 0;
        int at = from;
        bool keyNext = false;
        do
        {
            if (at >= bytes.Length)
            {
                return false;
            }

            if (bytes[at] == (byte)'e' && depth > 0)
            {
                int closed = _open[--depth];
                _tokens[closed] = _tokens[closed] with { End = ++at };
                keyNext = depth > 0 && _tokens[_open[depth - 1]].Kind == (byte)'d';
                continue;
            }

            if (Count == MaxTokens || depth == MaxDepth)
            {
                return false;
            }

            int parent = depth > 0 ? _open[depth - 1] : -1;
            bool inDictionary = parent >= 0 && _tokens[parent].Kind == (byte)'d';
            bool isKey = inDictionary && keyNext;
            byte kind = bytes[at];
            if (kind is (byte)'l' or (byte)'d')
            {
                if (isKey)
                {
                    return false;
                }

                _open[depth++] = Count;
                _tokens[Count++] = new BencodeToken(kind, at, at + 1, at, parent, false);
                at++;
                keyNext = kind == (byte)'d';
                continue;
            }

            if (!TryLeaf(bytes, at, out int content, out int end) || (isKey && kind == (byte)'i'))
            {
                return false;
            }

            _tokens[Count++] = new BencodeToken(kind == (byte)'i' ? kind : (byte)'s', at, content, end, parent, isKey);
            at = end;
            keyNext = inDictionary && !isKey;
        }
        while (depth > 0);

        return Count > 0 && !_tokens[Count - 1].IsKey;
    }

    private static bool TryLeaf(ReadOnlySpan<byte> bytes, int at, out int content, out int end)
    {
        content = end = at;
        if (bytes[at] == (byte)'i')
        {
            int close = bytes[at..].IndexOf((byte)'e');
            end = at + close + 1;
            content = at + 1;
            return close > 0;
        }

        if (!Utf8Parser.TryParse(bytes[at..], out uint length, out int used) || at + used >= bytes.Length || bytes[at + used] != (byte)':' || length > bytes.Length)
        {
            return false;
        }

        content = at + used + 1;
        end = content + (int)length;
        return end <= bytes.Length;
    }
}
