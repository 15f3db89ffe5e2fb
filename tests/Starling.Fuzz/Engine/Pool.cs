using System.Collections.Generic;
using Starling.Fuzz.Coverage;

namespace Starling.Fuzz.Engine;

/// <summary>The inputs that others are made of: seeds, the corpus, and those that took a way nobody took before.</summary>
internal sealed class Pool
{
    /// <summary>Inputs kept in memory.</summary>
    public const int MaxInputs = 8192;

    private readonly List<byte[]> _inputs = [];
    private readonly List<byte[]> _understood = [];
    private readonly byte[] _seen = new byte[Trace.MapSize];

    public int Count => _inputs.Count;

    public IReadOnlyList<byte[]> Inputs => _inputs;

    /// <summary>Classes of edges that were ever taken.</summary>
    public int Features { get; private set; }

    public static Pool Of(IEnumerable<byte[]> inputs)
    {
        var pool = new Pool();
        pool._inputs.AddRange(inputs);
        return pool;
    }

    /// <summary>Adds an input that is there from the start; a right one is picked more often, for what most others lead to is a refusal.</summary>
    public void Add(byte[] input, bool isRight)
    {
        _inputs.Add(input);
        if (isRight)
        {
            _understood.Add(input);
        }
    }

    /// <summary>One of them: the newer half as often as all, and short ones, which cost less and have less that does not matter, more often than long ones.</summary>
    public byte[] Pick(FuzzRandom random)
    {
        byte[] one = PickAny(random);
        byte[] other = PickAny(random);
        return one.Length <= other.Length || random.OneIn(4) ? one : other;
    }

    private byte[] PickAny(FuzzRandom random)
    {
        if (_understood.Count > 0 && random.OneIn(2))
        {
            return _understood[random.Next(_understood.Count)];
        }

        int recent = _inputs.Count / 2;
        return random.OneIn(2) && recent > 0 ? _inputs[_inputs.Count - 1 - random.Next(recent)] : _inputs[random.Next(_inputs.Count)];
    }

    /// <summary>Takes note of the way of the last pass; true when there is something new in it.</summary>
    public bool TakesNewWay()
    {
        bool isNew = false;
        foreach (int edge in Trace.Edges)
        {
            byte way = Trace.ClassOf(edge);
            if ((_seen[edge] & way) == 0)
            {
                _seen[edge] |= way;
                Features++;
                isNew = true;
            }
        }

        return isNew;
    }

    /// <summary>Keeps an input that took a new way; beyond the bound it replaces a random one.</summary>
    public void Keep(byte[] input, bool isUnderstood, FuzzRandom random)
    {
        Keep(_inputs, input, random);
        if (isUnderstood)
        {
            Keep(_understood, input, random);
        }
    }

    private static void Keep(List<byte[]> inputs, byte[] input, FuzzRandom random)
    {
        if (inputs.Count < MaxInputs)
        {
            inputs.Add(input);
        }
        else
        {
            inputs[random.Next(MaxInputs)] = input;
        }
    }
}
