using System;
using System.Collections.Generic;
using System.Threading;
using Starling.Fuzz.Coverage;
using Starling.Fuzz.Mutation;

namespace Starling.Fuzz.Engine;

/// <summary>Runs inputs through one target and checks what must hold for each: no exception, the bound of memory, encoding that is stable.</summary>
internal sealed class Fuzzer
{
    private readonly FuzzTarget _target;
    private readonly ulong _seed;
    private readonly FuzzRandom _random;
    private readonly Mutator _mutator;
    private long _done;
    private bool _tookNewWay;

    /// <summary>A fuzzer whose pool is the target's seeds and <paramref name="corpus"/>; all of them are run and checked first.</summary>
    public Fuzzer(FuzzTarget target, IEnumerable<byte[]> corpus, ulong seed)
    {
        (_target, _seed) = (target, seed);
        Pass = target.Start();
        _random = new FuzzRandom(seed);
        _mutator = new Mutator(target, Pool, _random);
        foreach (byte[] input in target.Seeds())
        {
            Pool.Add(input, isRight: true);
            bool understood = Check(input);
            FuzzFailureException.Unless(understood || !target.Encodes, $"{target.Name}: a seed is refused: {Corpus.Line(input)}");
        }

        foreach (byte[] input in corpus)
        {
            Pool.Add(input, isRight: Check(input));
        }
    }

    public Pool Pool { get; } = new();

    /// <summary>What is tested.</summary>
    public Pass Pass { get; }

    /// <summary>Inputs made and run; for a watcher on another thread.</summary>
    public long Done => Volatile.Read(ref _done);

    /// <summary>Of them, those that were understood and encoded again.</summary>
    public long Understood { get; private set; }

    /// <summary>The input that is being run, or was last.</summary>
    public byte[] Current { get; private set; } = [];

    /// <summary>The input that is being run, without a copy: for a watcher when a run does not end.</summary>
    public ReadOnlyMemory<byte> Running { get; private set; }

    /// <summary>Makes and runs so many inputs.</summary>
    public void Run(long count)
    {
        for (long i = 0; i < count; i++)
        {
            ReadOnlyMemory<byte> input = _mutator.Next();
            bool understood = Check(input);
            Understood += understood ? 1 : 0;
            if (_tookNewWay)
            {
                Pool.Keep(input.ToArray(), understood, _random);
            }

            Volatile.Write(ref _done, _done + 1);
        }
    }

    /// <summary>Runs one input; true when it was understood and encoded.</summary>
    /// <exception cref="FuzzFailureException">It did what none may do.</exception>
    public bool Check(ReadOnlyMemory<byte> input)
    {
        Running = input;
        try
        {
            byte[]? output = Measured(input);
            if (output is not { } encoded)
            {
                return false;
            }

            FuzzFailureException.Unless(!_target.IsCanonical || encoded.AsSpan().SequenceEqual(input.Span), $"it is understood, and encoded to {Hex(encoded)}");
            FuzzFailureException.Unless(
                encoded.AsSpan().SequenceEqual(input.Span) || (Pass(encoded) is { } again && again.AsSpan().SequenceEqual(encoded)),
                $"it is encoded to {Hex(encoded)}, which is not encoded to itself");
            return true;
        }
        catch (Exception failure)
        {
            Current = input.ToArray();
            throw new FuzzFailureException(
                $"{_target.Name}: {failure.GetType().Name}: {failure.Message}\n"
                + $"  input: {Hex(input)}\n  text:  {Corpus.Line(input.Span)}\n  seed {_seed}, after {_done} inputs\n"
                + $"  again: ./test --fuzz 0 --filter {_target.Name} --input {Hex(input)}\n{failure.StackTrace}",
                failure);
        }
    }

    private byte[]? Measured(ReadOnlyMemory<byte> input)
    {
        Trace.Begin();
        long before = GC.GetAllocatedBytesForCurrentThread();
        byte[]? output = Pass(input);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        _tookNewWay = Trace.IsOn && Pool.TakesNewWay();
        if (allocated > _target.AllocationBound(input.Length))
        {
            // Once for what is made at first use and kept: tables, pooled arrays.
            before = GC.GetAllocatedBytesForCurrentThread();
            output = Pass(input);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            FuzzFailureException.Unless(
                allocated <= _target.AllocationBound(input.Length), $"it allocates {allocated} bytes, the bound is {_target.AllocationBound(input.Length)}");
        }

        return output;
    }

    private static string Hex(ReadOnlyMemory<byte> bytes) => Convert.ToHexStringLower(bytes.Span);
}
