using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Starling.Core.Primitives;

namespace Starling.Core.Wasm;

/// <summary>
/// Checks the code of functions, one after the other, by the algorithm of the specification's appendix: a stack of operand types and one of
/// blocks. Reused for all functions of a module, so that its lists are allocated once.
/// </summary>
internal sealed class FunctionValidator(ModuleParts module)
{
    private readonly List<WasmType> _operands = [];
    private readonly List<Block> _blocks = [];
    private readonly List<WasmType> _locals = [];
    private FunctionType _type = FunctionType.Empty;
    private int _mostOperands;
    private bool _hasCalls;
    private string? _wrong;
    private bool _needsDataCount;

    /// <summary>Checks one body; what is returned tells more of it.</summary>
    public bool TryCheck(ReadOnlySpan<byte> bytes, FunctionType type, FunctionBody body, out FunctionBody known, [NotNullWhen(false)] out Problem? problem)
    {
        _operands.Clear();
        _blocks.Clear();
        _locals.Clear();
        _locals.AddRange(type.Parameters);
        _locals.AddRange(body.AllLocals());
        _type = type;
        _mostOperands = 0;
        _hasCalls = false;
        _wrong = null;
        _blocks.Add(new Block(Opcode.Block, new FunctionType([], [.. type.Results]), 0));
        known = body;
        var reader = new InstructionReader(bytes, body.Start, body.End);
        while (_blocks.Count > 0)
        {
            if (reader.AtEnd)
            {
                reader.Fail(WasmReader.Malformed, "a function's code has no end");
            }

            if (!reader.TryRead(out Instruction instruction))
            {
                problem = reader.Problem!;
                return false;
            }

            Check(instruction, reader.Targets);
            if (_wrong is not null || _operands.Count > WasmLimits.MaxOperands || _blocks.Count > WasmLimits.MaxNesting)
            {
                reader.FailAt(
                    instruction.Offset,
                    _wrong is not null ? (_needsDataCount ? WasmReader.Malformed : WasmReader.Invalid) : WasmReader.Limit,
                    _wrong is not null ? $"{instruction.Code}: {_wrong}" : "more operands or blocks at once than this program takes");
                problem = reader.Problem!;
                return false;
            }
        }

        if (!reader.AtEnd)
        {
            reader.Fail(WasmReader.Malformed, "bytes follow the end of a function");
            problem = reader.Problem!;
            return false;
        }

        known = body with { MaxOperands = _mostOperands, HasCalls = _hasCalls };
        problem = null;
        return true;
    }

    private void Check(in Instruction instruction, IReadOnlyList<uint> targets)
    {
        switch (instruction.Code)
        {
            case Opcode.Unreachable:
                MarkUnreachable();
                break;
            case Opcode.Block or Opcode.Loop or Opcode.If:
                Enter(instruction);
                break;
            case Opcode.Else:
                if (_blocks[^1].Code != Opcode.If)
                {
                    _wrong = "it is not in an if";
                    break;
                }

                Block arm = Leave();
                Push(new Block(Opcode.Else, arm.Type, _operands.Count));
                PushAll(arm.Type.Parameters);
                break;
            case Opcode.End:
                Block block = Leave();
                if (block.Code == Opcode.If && !Same(block.Type.Parameters, block.Type.Results))
                {
                    _wrong ??= "an if without else leaves something else than it takes";
                }

                PushAll(block.Type.Results);
                break;
            case Opcode.Br:
                Branch(instruction.A);
                MarkUnreachable();
                break;
            case Opcode.BrIf:
                Pop(WasmType.I32);
                if (Label(instruction.A) is { } label)
                {
                    PopAll(label);
                    PushAll(label);
                }

                break;
            case Opcode.BrTable:
                BranchTable(instruction, targets);
                break;
            case Opcode.Return:
                PopAll(_type.Results);
                MarkUnreachable();
                break;
            case Opcode.Call:
                _hasCalls = true;
                if (Require(instruction.A, module.FunctionTypes.Count, "function"))
                {
                    Apply(module.Types[module.FunctionTypes[(int)instruction.A]]);
                }

                break;
            case Opcode.CallIndirect:
                _hasCalls = true;
                if (Require(instruction.A, module.Types.Count, "type") && Require(instruction.B, module.Tables.Count, "table"))
                {
                    if (module.Tables[(int)instruction.B].Element != WasmType.FuncRef)
                    {
                        _wrong = "its table has no functions";
                    }

                    Pop(WasmType.I32);
                    Apply(module.Types[(int)instruction.A]);
                }

                break;
            default:
                CheckPlain(instruction);
                break;
        }
    }

    private void CheckPlain(in Instruction instruction)
    {
        uint index = instruction.A;
        switch (instruction.Code)
        {
            case Opcode.Drop:
                Pop();
                break;
            case Opcode.Select:
                Pop(WasmType.I32);
                WasmType second = Pop();
                WasmType first = Pop();
                if (first.IsReference() || second.IsReference() || (first != second && first != WasmType.Unknown && second != WasmType.Unknown))
                {
                    _wrong ??= "it chooses between references, or values of two types";
                }

                Push(first == WasmType.Unknown ? second : first);
                break;
            case Opcode.SelectTyped:
                Pop(WasmType.I32);
                Pop((WasmType)index);
                Pop((WasmType)index);
                Push((WasmType)index);
                break;
            case Opcode.LocalGet or Opcode.LocalSet or Opcode.LocalTee:
                if (Require(index, _locals.Count, "local"))
                {
                    WasmType local = _locals[(int)index];
                    Apply(instruction.Code != Opcode.LocalGet ? local : null, instruction.Code != Opcode.LocalSet ? local : null);
                }

                break;
            case Opcode.GlobalGet or Opcode.GlobalSet:
                if (Require(index, module.Globals.Count, "global"))
                {
                    GlobalType global = module.Globals[(int)index];
                    if (instruction.Code == Opcode.GlobalSet && !global.IsMutable)
                    {
                        _wrong = "the global is constant";
                    }

                    Apply(instruction.Code == Opcode.GlobalSet ? global.Type : null, instruction.Code == Opcode.GlobalGet ? global.Type : null);
                }

                break;
            case Opcode.RefNull:
                Push((WasmType)index);
                break;
            case Opcode.RefIsNull:
                if (!(Pop() is var reference && (reference.IsReference() || reference == WasmType.Unknown)))
                {
                    _wrong ??= "a reference is due";
                }

                Push(WasmType.I32);
                break;
            case Opcode.RefFunc:
                if (Require(index, module.FunctionTypes.Count, "function"))
                {
                    if (!module.References.Contains((int)index))
                    {
                        _wrong = "the function is not declared as one that is referred to";
                    }

                    Push(WasmType.FuncRef);
                }

                break;
            case Opcode.TableGet or Opcode.TableSet or Opcode.TableGrow or Opcode.TableFill or Opcode.TableSize or Opcode.TableInit or Opcode.TableCopy or Opcode.ElemDrop:
                CheckTable(instruction);
                break;
            default:
                CheckMemory(instruction);
                PopAll(instruction.Form.Pops!);
                if (instruction.Form.Push != WasmType.Unknown)
                {
                    Push(instruction.Form.Push);
                }

                break;
        }
    }

    private void CheckTable(in Instruction instruction)
    {
        uint tableIndex = instruction.Code == Opcode.TableInit ? instruction.B : instruction.A;
        if (instruction.Code is Opcode.TableInit or Opcode.ElemDrop && !Require(instruction.A, module.Elements.Count, "element segment"))
        {
            return;
        }

        if (instruction.Code == Opcode.ElemDrop || !Require(tableIndex, module.Tables.Count, "table"))
        {
            return;
        }

        WasmType element = module.Tables[(int)tableIndex].Element;
        switch (instruction.Code)
        {
            case Opcode.TableGet:
                Apply(WasmType.I32, element);
                break;
            case Opcode.TableSet:
                Pop(element);
                Pop(WasmType.I32);
                break;
            case Opcode.TableGrow:
                Pop(WasmType.I32);
                Pop(element);
                Push(WasmType.I32);
                break;
            case Opcode.TableFill:
                Pop(WasmType.I32);
                Pop(element);
                Pop(WasmType.I32);
                break;
            case Opcode.TableSize:
                Push(WasmType.I32);
                break;
            default:
                bool same = instruction.Code == Opcode.TableInit
                    ? module.Elements[(int)instruction.A].Type == element
                    : Require(instruction.B, module.Tables.Count, "table") && module.Tables[(int)instruction.B].Element == element;
                if (!same)
                {
                    _wrong ??= "the elements are not of one type";
                }

                PopAll(instruction.Form.Pops!);
                break;
        }
    }

    private void CheckMemory(in Instruction instruction)
    {
        bool usesMemory = instruction.Form.Immediate is ImmediateKind.Memory or ImmediateKind.ZeroByte or ImmediateKind.TwoZeros or ImmediateKind.IndexAndZero;
        if (usesMemory && module.Memories.Count == 0)
        {
            _wrong = "there is no memory";
        }

        if (instruction.Form.Width > 0 && 1L << (int)instruction.A > instruction.Form.Width)
        {
            _wrong ??= "its alignment is larger than what it reads or writes";
        }

        if (instruction.Code is Opcode.MemoryInit or Opcode.DataDrop)
        {
            if (module.DataCount is not int count)
            {
                _needsDataCount = true;
                _wrong ??= "the module does not say how many data segments it has";
            }
            else
            {
                Require(instruction.A, count, "data segment");
            }
        }
    }

    private void Enter(in Instruction instruction)
    {
        if (instruction.Code == Opcode.If)
        {
            Pop(WasmType.I32);
        }

        FunctionType? type = TypeOf(instruction.BlockType);
        if (type is null)
        {
            _wrong = "its type is not there";
            return;
        }

        PopAll(type.Parameters);
        Push(new Block(instruction.Code, type, _operands.Count));
        PushAll(type.Parameters);
    }

    private FunctionType? TypeOf(long type) => BlockTypes.Of(type, module.Types);

    /// <summary>Ends the innermost block: its results are on the stack and nothing else.</summary>
    private Block Leave()
    {
        Block block = _blocks[^1];
        PopAll(block.Type.Results);
        if (_operands.Count != block.Height)
        {
            _wrong ??= string.Create(CultureInfo.InvariantCulture, $"{_operands.Count - block.Height} operands are left over");
        }

        _blocks.RemoveAt(_blocks.Count - 1);
        return block;
    }

    private void BranchTable(in Instruction instruction, IReadOnlyList<uint> targets)
    {
        Pop(WasmType.I32);
        if (Label(instruction.B) is not { } last)
        {
            return;
        }

        foreach (uint target in targets)
        {
            if (Label(target) is not { } label)
            {
                return;
            }

            if (label.Count != last.Count)
            {
                _wrong ??= "its targets take different numbers of operands";
                return;
            }

            // Operands in unreachable code may be of any type, so they are put back as they were.
            var kept = new WasmType[label.Count];
            for (int i = label.Count - 1; i >= 0; i--)
            {
                kept[i] = Pop(label[i]);
            }

            PushAll(kept);
        }

        PopAll(last);
        MarkUnreachable();
    }

    private void Branch(uint depth)
    {
        if (Label(depth) is { } label)
        {
            PopAll(label);
        }
    }

    /// <summary>What a branch to a block takes; null with a complaint when there is none.</summary>
    private IReadOnlyList<WasmType>? Label(uint depth)
    {
        if (!Require(depth, _blocks.Count, "block"))
        {
            return null;
        }

        Block block = _blocks[^(1 + (int)depth)];
        return block.Code == Opcode.Loop ? block.Type.Parameters : block.Type.Results;
    }

    private void MarkUnreachable()
    {
        Block block = _blocks[^1];
        _operands.RemoveRange(block.Height, _operands.Count - block.Height);
        _blocks[^1] = block with { IsUnreachable = true };
    }

    private bool Require(uint index, int count, string what)
    {
        if (index < (uint)count)
        {
            return true;
        }

        _wrong ??= string.Create(CultureInfo.InvariantCulture, $"it names {what} {index}; there are {count}");
        return false;
    }

    private void Apply(FunctionType type)
    {
        PopAll(type.Parameters);
        PushAll(type.Results);
    }

    private void Apply(WasmType? pop, WasmType? push)
    {
        if (pop is { } popped)
        {
            Pop(popped);
        }

        if (push is { } pushed)
        {
            Push(pushed);
        }
    }

    private void Push(Block block) => _blocks.Add(block);

    private void Push(WasmType type)
    {
        _operands.Add(type);
        _mostOperands = Math.Max(_mostOperands, _operands.Count);
    }

    private void PushAll(IReadOnlyList<WasmType> types)
    {
        for (int i = 0; i < types.Count; i++)
        {
            Push(types[i]);
        }
    }

    private WasmType Pop()
    {
        Block block = _blocks[^1];
        if (_operands.Count == block.Height)
        {
            if (!block.IsUnreachable)
            {
                _wrong ??= "an operand is missing";
            }

            return WasmType.Unknown;
        }

        WasmType type = _operands[^1];
        _operands.RemoveAt(_operands.Count - 1);
        return type;
    }

    private WasmType Pop(WasmType due)
    {
        WasmType type = Pop();
        if (type != due && type != WasmType.Unknown && due != WasmType.Unknown)
        {
            _wrong ??= $"{type} where {due} is due";
        }

        return type;
    }

    private void PopAll(IReadOnlyList<WasmType> types)
    {
        for (int i = types.Count - 1; i >= 0; i--)
        {
            Pop(types[i]);
        }
    }

    private static bool Same(IReadOnlyList<WasmType> one, IReadOnlyList<WasmType> other)
    {
        if (one.Count != other.Count)
        {
            return false;
        }

        for (int i = 0; i < one.Count; i++)
        {
            if (one[i] != other[i])
            {
                return false;
            }
        }

        return true;
    }

    private readonly record struct Block(Opcode Code, FunctionType Type, int Height, bool IsUnreachable = false);
}
