using System.Collections.Generic;
using Starling.Core.Wasm;

namespace Starling.Runtime.Wasm;

/// <summary>
/// What is known of a function before its code is made. Fuel: code falls into segments, each from one place where control can arrive (start,
/// loop, arm of an if, end of a block that is branched to) to the next, and a segment costs its instructions when it is entered, also those
/// behind a conditional branch out of it. So what a run costs follows from the module and its input alone.
/// </summary>
internal sealed class FunctionPlan
{
    private const int Mixed = -1;

    private readonly List<int> _costs = [];
    private readonly bool[] _mayBeAnyNaN;

    private FunctionPlan(int locals)
    {
        _mayBeAnyNaN = new bool[locals];
    }

    /// <summary>Cost of each segment, in the order in which segments begin.</summary>
    public IReadOnlyList<int> SegmentCosts => _costs;

    /// <summary>Whether fuel is kept in a local variable: some loop calls nothing.</summary>
    public bool KeepsFuel { get; private set; }

    /// <summary>Whether it reads or writes memory.</summary>
    public bool UsesMemory { get; private set; }

    /// <summary>
    /// Whether a local variable may hold a NaN of any bits: all that is ever put into it comes from arithmetic, so nobody can tell when the bits
    /// become canonical.
    /// </summary>
    public bool MayBeAnyNaN(int local) => _mayBeAnyNaN[local];

    /// <summary>Looks through a function.</summary>
    public static FunctionPlan Make(WasmModule module, FunctionType type, FunctionBody body, IReadOnlyList<WasmType> locals)
    {
        var plan = new FunctionPlan(locals.Count);
        plan.Scan(module, type, body, locals);
        return plan;
    }

    private void Scan(WasmModule module, FunctionType type, FunctionBody body, IReadOnlyList<WasmType> locals)
    {
        var blocks = new List<Block> { new(Opcode.Block, false) };
        var mixed = new Queue<int>();
        var copies = new Dictionary<int, List<int>>();
        for (int i = 0; i < locals.Count; i++)
        {
            _mayBeAnyNaN[i] = locals[i].IsFloat();
            if (i < type.Parameters.Count && _mayBeAnyNaN[i])
            {
                Mix(i);
            }
        }

        var reader = new InstructionReader(module.Bytes.Span, body.Start, body.End);
        int dead = 0;
        int source = Mixed;
        bool isArithmetic = false;
        _costs.Add(0);
        while (blocks.Count > 0 && reader.TryRead(out Instruction instruction))
        {
            Opcode code = instruction.Code;
            if (dead > 0)
            {
                // Dead code costs nothing; it ends where control can arrive again.
                switch (code)
                {
                    case Opcode.Block or Opcode.Loop or Opcode.If:
                        dead++;
                        continue;
                    case Opcode.Else when dead == 1:
                        break;
                    case Opcode.End when dead > 1:
                        dead--;
                        continue;
                    case Opcode.End:
                        break;
                    default:
                        continue;
                }
            }

            int from = source;
            bool fromArithmetic = isArithmetic;
            source = Mixed;
            isArithmetic = false;
            switch (code)
            {
                case Opcode.Block:
                    blocks.Add(new Block(code, false));
                    break;
                case Opcode.Loop:
                    blocks.Add(new Block(code, false));
                    _costs.Add(0);
                    break;
                case Opcode.If:
                    _costs[^1]++;
                    blocks.Add(new Block(code, false));
                    _costs.Add(0);
                    break;
                case Opcode.Else:
                    blocks[^1] = blocks[^1] with { Code = code, IsTarget = blocks[^1].IsTarget || dead == 0 };
                    dead = 0;
                    _costs.Add(0);
                    break;
                case Opcode.End:
                    Block ended = blocks[^1];
                    blocks.RemoveAt(blocks.Count - 1);
                    KeepsFuel |= ended.Code == Opcode.Loop && !ended.Calls;
                    if (blocks.Count > 0)
                    {
                        blocks[^1] = blocks[^1] with { Calls = blocks[^1].Calls || ended.Calls };
                    }

                    bool arrives = dead == 0 || ended.ArrivesAtEnd;
                    if (arrives && ended.StartsSegmentAtEnd)
                    {
                        _costs.Add(0);
                    }

                    dead = arrives ? 0 : 1;
                    break;
                case Opcode.Br:
                    _costs[^1]++;
                    Target(blocks, instruction.A);
                    dead = 1;
                    break;
                case Opcode.BrIf:
                    _costs[^1]++;
                    Target(blocks, instruction.A);
                    break;
                case Opcode.BrTable:
                    _costs[^1]++;
                    Target(blocks, instruction.B);
                    foreach (uint target in reader.Targets)
                    {
                        Target(blocks, target);
                    }

                    dead = 1;
                    break;
                case Opcode.Return or Opcode.Unreachable:
                    _costs[^1]++;
                    dead = 1;
                    break;
                case Opcode.Nop:
                    break;
                case Opcode.LocalSet or Opcode.LocalTee:
                    _costs[^1]++;
                    int local = (int)instruction.A;
                    if (locals[local].IsFloat())
                    {
                        if (from >= 0)
                        {
                            if (!copies.TryGetValue(from, out List<int>? to))
                            {
                                copies.Add(from, to = []);
                            }

                            to.Add(local);
                        }

                        if (!_mayBeAnyNaN[local])
                        {
                            // Already known to be mixed.
                        }
                        else if (from >= 0 ? !_mayBeAnyNaN[from] : !fromArithmetic)
                        {
                            Mix(local);
                        }

                        source = code == Opcode.LocalTee ? local : Mixed;
                    }

                    break;
                case Opcode.LocalGet:
                    _costs[^1]++;
                    source = locals[(int)instruction.A].IsFloat() ? (int)instruction.A : Mixed;
                    break;
                default:
                    _costs[^1]++;
                    isArithmetic = NumericCode.IsNeverOrAnyNaN(instruction);
                    UsesMemory |= instruction.Form.Width > 0;
                    if (code is Opcode.Call or Opcode.CallIndirect)
                    {
                        blocks[^1] = blocks[^1] with { Calls = true };
                    }

                    break;
            }
        }

        while (mixed.TryDequeue(out int local))
        {
            if (copies.TryGetValue(local, out List<int>? to))
            {
                foreach (int copy in to)
                {
                    if (_mayBeAnyNaN[copy])
                    {
                        Mix(copy);
                    }
                }
            }
        }

        void Mix(int local)
        {
            _mayBeAnyNaN[local] = false;
            mixed.Enqueue(local);
        }
    }

    private static void Target(List<Block> blocks, uint depth)
    {
        int index = blocks.Count - 1 - (int)depth;
        blocks[index] = blocks[index] with { IsTarget = true };
    }

    /// <summary>A block.</summary>
    /// <param name="Code">Block, loop, if or else.</param>
    /// <param name="IsTarget">Whether control can come to its end (of a loop: its start) other than by falling out of its code.</param>
    private readonly record struct Block(Opcode Code, bool IsTarget)
    {
        public bool Calls { get; init; }

        public bool ArrivesAtEnd => Code == Opcode.If || (IsTarget && Code != Opcode.Loop);

        public bool StartsSegmentAtEnd => IsTarget || Code != Opcode.Block;
    }
}
