using System;
using System.Collections.Generic;
using Starling.Fuzz.Engine;

namespace Starling.Fuzz.Mutation;

/// <summary>Makes inputs of those of a pool: copies, changed in some places in the ways that fit the target's shape.</summary>
internal sealed class Mutator
{
    private const int MaxChanges = 5;
    private const int MaxSizeOfTests = 4096;

    private readonly FuzzTarget _target;
    private readonly FuzzRandom _random;
    private readonly Pool _pool;
    private readonly ByteSpace _space;
    private readonly ByteEdits _bytes;
    private readonly BencodeEdits _bencode;
    private readonly ScriptEdits _script;
    private readonly LineEdits _lines;

    public Mutator(FuzzTarget target, Pool pool, FuzzRandom random)
    {
        (_target, _pool, _random) = (target, pool, random);
        _space = new ByteSpace(target.MaxSize);
        _bytes = new ByteEdits(random, target.Words);
        _bencode = new BencodeEdits(random, _bytes);
        _script = new ScriptEdits(random, _bytes, _bencode);
        _lines = new LineEdits(random);
    }

    /// <summary>Makes inputs of these, for tests that have no target.</summary>
    public Mutator(ulong seed, IEnumerable<byte[]> inputs, InputShape shape = InputShape.Bytes)
        : this(
            new FuzzTarget { Name = "", Covers = [], Seeds = () => [], Start = () => static _ => null, Shape = shape, MaxSize = MaxSizeOfTests },
            Pool.Of(inputs),
            new FuzzRandom(seed))
    {
    }

    /// <summary>The next input; valid until the one after it.</summary>
    public ReadOnlyMemory<byte> Next()
    {
        _space.Set(_pool.Pick(_random));
        for (int changes = 1 + _random.NextSmall(MaxChanges); changes > 0; changes--)
        {
            Change(_pool.Pick(_random));
        }

        return _space.Memory;
    }

    private void Change(ReadOnlySpan<byte> donor)
    {
        bool byShape = !_random.OneIn(4);
        if (byShape && _target.Shape.HasFlag(InputShape.Script))
        {
            _script.Apply(_space, donor);
        }
        else if (byShape && _target.Shape.HasFlag(InputShape.Bencode) && _space.Span.IndexOfAny("dl"u8) is >= 0 and var start && _bencode.Apply(_space, start, donor))
        {
            return;
        }
        else if (byShape && _target.Shape.HasFlag(InputShape.Lines) && _random.OneIn(2))
        {
            _lines.Apply(_space, donor);
        }
        else
        {
            _bytes.Apply(_space, donor);
        }
    }
}
