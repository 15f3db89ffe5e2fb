using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using Starling.Fuzz.Mutation;

namespace Starling.Fuzz.Targets;

/// <summary>What a hostile peer does, chunk by chunk; each stands behind its length of two bytes, what is cut off at the end counts as it is.</summary>
internal readonly struct Script(ReadOnlyMemory<byte> bytes)
{
    public static byte[] Of(params byte[][] chunks) => ScriptEdits.Join(chunks);

    /// <summary>Takes the first chunk off a script if it is one byte: the settings. 0 where there are none.</summary>
    public static int Settings(ref ReadOnlyMemory<byte> script)
    {
        if (script.Length < 3 || BinaryPrimitives.ReadUInt16BigEndian(script.Span) != 1)
        {
            return 0;
        }

        int settings = script.Span[2];
        script = script[3..];
        return settings;
    }

    public static List<byte[]> Chunks(byte[] script)
    {
        var chunks = new List<byte[]>();
        foreach (ReadOnlyMemory<byte> chunk in new Script(script))
        {
            chunks.Add(chunk.ToArray());
        }

        return chunks;
    }

    public Enumerator GetEnumerator() => new(bytes);

    public struct Enumerator(ReadOnlyMemory<byte> bytes)
    {
        private ReadOnlyMemory<byte> _rest = bytes;

        public ReadOnlyMemory<byte> Current { get; private set; }

        public bool MoveNext()
        {
            if (_rest.Length < sizeof(ushort))
            {
                return false;
            }

            int length = Math.Min(BinaryPrimitives.ReadUInt16BigEndian(_rest.Span), _rest.Length - sizeof(ushort));
            Current = _rest.Slice(sizeof(ushort), length);
            _rest = _rest[(sizeof(ushort) + length)..];
            return true;
        }
    }
}
