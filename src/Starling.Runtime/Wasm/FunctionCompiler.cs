using System.Collections.Generic;
using System.Reflection.Emit;
using Starling.Core.Wasm;

namespace Starling.Runtime.Wasm;

/// <summary>
/// Makes the IL of one function in one pass over its code, which was validated. A function becomes a static method: its parameters, then the
/// address of the instance's block (<see cref="InstanceLayout"/>), then the stack that is left. This part follows control; the others are
/// <see cref="PlainCode"/> and <see cref="NumericCode"/>.
/// </summary>
internal sealed class FunctionCompiler
{
    private readonly ModuleCompilation _module;
    private readonly FunctionType _type;
    private readonly FunctionBody _body;
    private readonly FunctionPlan _plan;
    private readonly FunctionScope _scope;
    private readonly PlainCode _plain;
    private readonly ILGenerator _il;
    private readonly OperandStack _stack;
    private readonly List<Frame> _frames = [];
    private int _segment;

    public FunctionCompiler(ModuleCompilation module, int function)
    {
        _module = module;
        _type = module.Module.Functions[function];
        _body = module.Module.Bodies[function - module.Module.ImportedFunctions];
        List<WasmType> locals = [.. _type.Parameters, .. _body.AllLocals()];
        _plan = FunctionPlan.Make(module.Module, _type, _body, locals);
        _scope = new FunctionScope(module, module.Methods[function - module.Module.ImportedFunctions], _type, _plan, locals);
        _il = _scope.Il;
        _stack = _scope.Stack;
        _plain = new PlainCode(_scope);
    }

    /// <summary>Makes the code; false when it would be larger than the module may become.</summary>
    public bool TryCompile()
    {
        _scope.EmitStart();
        if (_body.HasCalls)
        {
            _scope.EmitStackCheck(StackBudget.CostOf(_scope.Locals.Count, _body));
        }

        EnterSegment(isChecked: true);
        _frames.Add(new Frame(Opcode.Block, _type, 0, default, default));
        var reader = new InstructionReader(_module.Module.Bytes.Span, _body.Start, _body.End);
        int dead = 0;
        while (_frames.Count > 0 && reader.TryRead(out Instruction instruction))
        {
            if (dead > 0)
            {
                switch (instruction.Code)
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

            if (!Emit(instruction, reader.Targets, ref dead) || _il.ILOffset > _module.RoomForCode)
            {
                return false;
            }
        }

        _scope.EmitCold();
        _module.RoomForCode -= _il.ILOffset;
        return _module.RoomForCode > 0;
    }

    private bool Emit(in Instruction instruction, IReadOnlyList<uint> targets, ref int dead)
    {
        switch (instruction.Code)
        {
            case Opcode.Unreachable:
                _stack.Flush();
                _scope.EmitTrap(nameof(WasmTraps.Unreachable));
                dead = 1;
                break;
            case Opcode.Nop:
                break;
            case Opcode.Block or Opcode.Loop or Opcode.If:
                Enter(instruction);
                break;
            case Opcode.Else:
                Else(alive: dead == 0);
                dead = 0;
                break;
            case Opcode.End:
                dead = End(alive: dead == 0) ? 0 : 1;
                break;
            case Opcode.Br:
                EmitBranch(_frames.Count - 1 - (int)instruction.A);
                dead = 1;
                break;
            case Opcode.BrIf:
                BranchIf(_frames.Count - 1 - (int)instruction.A);
                break;
            case Opcode.BrTable:
                dead = 1;
                return BranchTable(instruction, targets);
            case Opcode.Return:
                EmitReturn();
                dead = 1;
                break;
            default:
                _plain.Emit(instruction);
                break;
        }

        return true;
    }

    private void Enter(in Instruction instruction)
    {
        FunctionType type = BlockTypes.Of(instruction.BlockType, _module.Module.Types)!;
        Label branch = _il.DefineLabel();
        Label other = default;
        if (instruction.Code == Opcode.If)
        {
            other = _il.DefineLabel();
            LocalBuilder condition = _scope.TakeToTemporary(typeof(int));
            MakeExact(type.Parameters.Count);
            _stack.Flush();
            _il.Emit(OpCodes.Ldloc, condition);
            _il.Emit(OpCodes.Brfalse, other);
        }
        else
        {
            MakeExact(type.Parameters.Count);
            _stack.Flush();
        }

        _frames.Add(new Frame(instruction.Code, type, _stack.Count - type.Parameters.Count, branch, other));
        if (instruction.Code == Opcode.Loop)
        {
            _il.MarkLabel(branch);
            EnterSegment(isChecked: true);
        }
        else if (instruction.Code == Opcode.If)
        {
            EnterSegment(isChecked: false);
        }
    }

    private void Else(bool alive)
    {
        Frame frame = _frames[^1];
        if (alive)
        {
            MakeExact(frame.Type.Results.Count);
            _stack.Flush();
            _il.Emit(OpCodes.Br, frame.Branch);
            frame.IsTarget = true;
        }

        _stack.Cut(frame.Height);
        _il.MarkLabel(frame.Else);
        frame.Code = Opcode.Else;
        PushInSlots(frame.Type.Parameters);
        EnterSegment(isChecked: false);
    }

    /// <summary>Ends the innermost block; false when control can't come behind it.</summary>
    private bool End(bool alive)
    {
        Frame frame = _frames[^1];
        if (_frames.Count == 1)
        {
            if (alive)
            {
                EmitReturn();
            }

            _frames.Clear();
            return false;
        }

        _frames.RemoveAt(_frames.Count - 1);
        bool arrives = alive || frame.Code == Opcode.If || (frame.IsTarget && frame.Code != Opcode.Loop);
        if (!arrives)
        {
            return false;
        }

        // Where control only falls out of a block, operands stay where they are.
        if (frame.Code == Opcode.If || (frame.IsTarget && frame.Code != Opcode.Loop))
        {
            if (alive)
            {
                MakeExact(frame.Type.Results.Count);
                _stack.Flush();
            }

            _stack.Cut(frame.Height);
            if (frame.Code == Opcode.If)
            {
                _il.MarkLabel(frame.Else);
            }

            _il.MarkLabel(frame.Branch);
            PushInSlots(frame.Type.Results);
        }

        if (frame.IsTarget || frame.Code != Opcode.Block)
        {
            EnterSegment(isChecked: false);
        }

        return true;
    }

    /// <summary>Goes out of a block with the operands that its label takes; the stack stays as it is.</summary>
    private void EmitBranch(int target)
    {
        if (target == 0)
        {
            EmitReturn();
            return;
        }

        Frame frame = _frames[target];
        frame.IsTarget = true;
        IReadOnlyList<WasmType> types = frame.Label;
        MakeExact(types.Count);
        _stack.Flush();
        int from = _stack.Count - types.Count;
        if (from != frame.Height)
        {
            for (int i = 0; i < types.Count; i++)
            {
                _il.Emit(OpCodes.Ldloc, _stack.Slot(from + i, types[i]));
            }

            for (int i = types.Count - 1; i >= 0; i--)
            {
                _il.Emit(OpCodes.Stloc, _stack.Slot(frame.Height + i, types[i]));
            }
        }

        _il.Emit(OpCodes.Br, frame.Branch);
    }

    private void BranchIf(int target)
    {
        LocalBuilder condition = _scope.TakeToTemporary(typeof(int));
        Frame frame = _frames[target];
        IReadOnlyList<WasmType> types = target == 0 ? _type.Results : frame.Label;
        MakeExact(types.Count);
        _stack.Flush();
        _il.Emit(OpCodes.Ldloc, condition);
        if (target > 0 && (types.Count == 0 || _stack.Count - types.Count == frame.Height))
        {
            frame.IsTarget = true;
            _il.Emit(OpCodes.Brtrue, frame.Branch);
            return;
        }

        Label stay = _il.DefineLabel();
        _il.Emit(OpCodes.Brfalse, stay);
        EmitBranch(target);
        _il.MarkLabel(stay);
    }

    private bool BranchTable(in Instruction instruction, IReadOnlyList<uint> targets)
    {
        LocalBuilder index = _scope.TakeToTemporary(typeof(int));
        int last = _frames.Count - 1 - (int)instruction.B;
        int count = last == 0 ? _type.Results.Count : _frames[last].Label.Count;
        MakeExact(count);
        _stack.Flush();
        var ways = new SortedDictionary<int, Label>();
        var labels = new Label[targets.Count];
        for (int i = 0; i < labels.Length; i++)
        {
            labels[i] = WayTo(_frames.Count - 1 - (int)targets[i]);
        }

        _il.Emit(OpCodes.Ldloc, index);
        _il.Emit(OpCodes.Switch, labels);
        _il.Emit(OpCodes.Br, WayTo(last));
        foreach ((int target, Label way) in ways)
        {
            if (_il.ILOffset > _module.RoomForCode)
            {
                return false;
            }

            _il.MarkLabel(way);
            EmitBranch(target);
        }

        return true;

        // Straight to the block where no operands have to be moved.
        Label WayTo(int target)
        {
            if (target > 0 && count == 0)
            {
                _frames[target].IsTarget = true;
                return _frames[target].Branch;
            }

            if (!ways.TryGetValue(target, out Label way))
            {
                ways.Add(target, way = _il.DefineLabel());
            }

            return way;
        }
    }

    /// <summary>Returns with the uppermost operands; the stack stays as it is.</summary>
    private void EmitReturn()
    {
        IReadOnlyList<WasmType> results = _type.Results;
        MakeExact(results.Count);
        _stack.Flush();
        int from = _stack.Count - results.Count;
        for (int i = 1; i < results.Count; i++)
        {
            _scope.EmitInstanceAddress(InstanceLayout.Results + (8 * (i - 1)));
            _il.Emit(OpCodes.Ldloc, _stack.Slot(from + i, results[i]));
            _il.Emit(ValueCode.Store(results[i]));
        }

        _scope.EmitKeepFuel();
        if (results.Count > 0)
        {
            _il.Emit(OpCodes.Ldloc, _stack.Slot(from, results[0]));
        }

        _il.Emit(OpCodes.Ret);
    }

    private void MakeExact(int count) => _scope.MakeExact(count);

    private void PushInSlots(IReadOnlyList<WasmType> types)
    {
        foreach (WasmType type in types)
        {
            _stack.PushInSlot(type);
        }
    }

    private void EnterSegment(bool isChecked) => _scope.EmitCost(_plan.SegmentCosts[_segment++], isChecked);

    /// <summary>A block whose end has not come yet.</summary>
    private sealed class Frame(Opcode code, FunctionType type, int height, Label branch, Label other)
    {
        /// <summary>Block, loop, if or else.</summary>
        public Opcode Code { get; set; } = code;

        public FunctionType Type { get; } = type;

        /// <summary>Operands below it.</summary>
        public int Height { get; } = height;

        /// <summary>Where branches go.</summary>
        public Label Branch { get; } = branch;

        /// <summary>Where an if goes whose condition is 0.</summary>
        public Label Else { get; } = other;

        public bool IsTarget { get; set; }

        /// <summary>What branches take along.</summary>
        public IReadOnlyList<WasmType> Label => Code == Opcode.Loop ? Type.Parameters : Type.Results;
    }
}
