using System;
using System.Buffers.Text;
using System.Collections.Generic;
using System.Text;

namespace Starling.Core.Bencode;

/// <summary>
/// Writes canonical bencoding (BEP 3) into one growing buffer. The caller writes keys in ascending order of their raw bytes;
/// a key out of order is a bug and throws. Reusable after <see cref="Clear"/>.
/// </summary>
public sealed class BencodeWriter
{
    private const int MaxNumberLength = 22;

    private readonly List<Frame> _open = [];
    private byte[] _buffer;

    /// <summary>An empty writer.</summary>
    /// <param name="capacity">Bytes to begin with.</param>
    public BencodeWriter(int capacity = 256) => _buffer = new byte[Math.Max(capacity, MaxNumberLength)];

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>What was written; valid until the next write.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, Length);

    /// <summary>A fresh array of what was written. All lists and dictionaries must have been ended.</summary>
    public byte[] ToArray() =>
        _open.Count == 0 ? Written.ToArray() : throw new InvalidOperationException("A list or dictionary is still open.");

    /// <summary>Forgets everything, keeps the buffer.</summary>
    public void Clear()
    {
        _open.Clear();
        Length = 0;
    }

    /// <summary>Opens a dictionary; then come <see cref="Key(ReadOnlySpan{byte})"/> and a value by turns, and <see cref="End"/>.</summary>
    public void BeginDictionary() => Open((byte)'d', isDictionary: true);

    /// <summary>Opens a list; then come values, and <see cref="End"/>.</summary>
    public void BeginList() => Open((byte)'l', isDictionary: false);

    /// <summary>Ends the innermost open list or dictionary.</summary>
    /// <exception cref="InvalidOperationException">Nothing is open, or a key has no value.</exception>
    public void End()
    {
        if (_open.Count == 0 || _open[^1].AwaitsValue)
        {
            throw new InvalidOperationException("Nothing is open, or the last key has no value.");
        }

        _open.RemoveAt(_open.Count - 1);
        Reserve(1);
        _buffer[Length++] = (byte)'e';
    }

    /// <summary>Writes a key; its value comes next.</summary>
    /// <exception cref="InvalidOperationException">Not in a dictionary, a value is due, or the key is not above the one before.</exception>
    public void Key(ReadOnlySpan<byte> key)
    {
        if (_open.Count == 0 || !_open[^1].IsDictionary || _open[^1].AwaitsValue)
        {
            throw new InvalidOperationException("A key is only written in a dictionary, after the value before it.");
        }

        Frame frame = _open[^1];
        if (frame.KeyStart >= 0 && _buffer.AsSpan(frame.KeyStart, frame.KeyLength).SequenceCompareTo(key) >= 0)
        {
            throw new InvalidOperationException($"Key {Encoding.UTF8.GetString(key)} is not above the one before.");
        }

        AppendString(key);
        _open[^1] = new Frame(true, true, Length - key.Length, key.Length);
    }

    /// <summary>Writes a number.</summary>
    public void Integer(long value)
    {
        BeforeValue();
        Reserve(MaxNumberLength);
        _buffer[Length++] = (byte)'i';
        AppendNumber(value);
        _buffer[Length++] = (byte)'e';
    }

    /// <summary>Writes a byte string.</summary>
    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        BeforeValue();
        AppendString(bytes);
    }

    /// <summary>Writes text as UTF-8.</summary>
    public void Text(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        BeforeValue();
        int size = Encoding.UTF8.GetByteCount(text);
        Reserve(size + MaxNumberLength);
        AppendNumber(size);
        _buffer[Length++] = (byte)':';
        Length += Encoding.UTF8.GetBytes(text, _buffer.AsSpan(Length));
    }

    /// <summary>Writes a key and a number.</summary>
    public void Integer(ReadOnlySpan<byte> key, long value)
    {
        Key(key);
        Integer(value);
    }

    /// <summary>Writes a key and a byte string.</summary>
    public void Bytes(ReadOnlySpan<byte> key, ReadOnlySpan<byte> bytes)
    {
        Key(key);
        Bytes(bytes);
    }

    /// <summary>Writes a key and a text.</summary>
    public void Text(ReadOnlySpan<byte> key, string text)
    {
        Key(key);
        Text(text);
    }

    /// <summary>Writes one value that is encoded already, such as a signed part or an <c>info</c> dictionary; the caller vouches for it.</summary>
    public void Raw(ReadOnlySpan<byte> encoded)
    {
        BeforeValue();
        Reserve(encoded.Length);
        encoded.CopyTo(_buffer.AsSpan(Length));
        Length += encoded.Length;
    }

    /// <summary>Writes a whole value.</summary>
    public void Value(BValue value)
    {
        switch (value)
        {
            case BInteger integer:
                Integer(integer.Value);
                break;
            case BString text:
                Bytes(text.Bytes.Span);
                break;
            case BList list:
                BeginList();
                foreach (BValue item in list.Items)
                {
                    Value(item);
                }

                End();
                break;
            case BDictionary dictionary:
                BeginDictionary();
                foreach (BEntry entry in dictionary.Entries)
                {
                    Key(entry.Key.Span);
                    Value(entry.Value);
                }

                End();
                break;
            default:
                throw new ArgumentNullException(nameof(value));
        }
    }

    private void Open(byte mark, bool isDictionary)
    {
        BeforeValue();
        Reserve(1);
        _buffer[Length++] = mark;
        _open.Add(new Frame(isDictionary, false, -1, 0));
    }

    private void BeforeValue()
    {
        if (_open.Count == 0 || !_open[^1].IsDictionary)
        {
            return;
        }

        if (!_open[^1].AwaitsValue)
        {
            throw new InvalidOperationException("A value in a dictionary needs a key first.");
        }

        _open[^1] = _open[^1] with { AwaitsValue = false };
    }

    private void AppendString(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length + MaxNumberLength);
        AppendNumber(bytes.Length);
        _buffer[Length++] = (byte)':';
        bytes.CopyTo(_buffer.AsSpan(Length));
        Length += bytes.Length;
    }

    private void AppendNumber(long value)
    {
        Utf8Formatter.TryFormat(value, _buffer.AsSpan(Length), out int written);
        Length += written;
    }

    private void Reserve(int more)
    {
        if (_buffer.Length - Length < more)
        {
            Array.Resize(ref _buffer, Math.Max(checked(Length + more), (int)Math.Min(2L * _buffer.Length, Array.MaxLength)));
        }
    }

    /// <summary>One open list or dictionary; the last key is remembered by its place in the buffer.</summary>
    private readonly record struct Frame(bool IsDictionary, bool AwaitsValue, int KeyStart, int KeyLength);
}
